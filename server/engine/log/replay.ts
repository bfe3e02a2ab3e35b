import {
  addMembers,
  deleteFields,
  removeMembers,
  removeScored,
  setFields,
  setScores,
} from '../keyspace/collections.ts';
import type { Database } from '../keyspace/database.ts';
import { Op } from '../keyspace/effect.ts';
import { persist, rename } from '../keyspace/keys.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { ListEntry } from '../keyspace/list-entry.ts';
import { insertBeside, pop, push, removeElements, setElement, trim } from '../keyspace/lists.ts';
import { appendString, setKeepingExpiry, setString } from '../keyspace/strings.ts';
import { EffectReader } from './effect-reader.ts';

type Apply = (db: Database, key: string, effect: EffectReader, keyspace: Keyspace) => void;

const onList =
  (apply: (db: Database, key: string, list: ListEntry, effect: EffectReader) => void): Apply =>
  (db, key, effect) => {
    const list = db.list(key);
    if (list !== undefined) apply(db, key, list, effect);
  };

const APPLY: ReadonlyMap<number, Apply> = new Map<number, Apply>([
  [Op.Noop, () => {}],
  [Op.Set, (db, key, effect) => setString(db, key, effect.bytes(0))],
  [Op.SetExpiring, (db, key, effect) => setString(db, key, effect.bytes(0), effect.number(1))],
  [Op.SetKeepingExpiry, (db, key, effect) => setKeepingExpiry(db, key, effect.bytes(0))],
  [Op.Append, (db, key, effect) => void appendString(db, key, effect.bytes(0))],
  [Op.Delete, (db, key) => void db.remove(key)],
  [Op.ExpireAt, setExpiry],
  [Op.Persist, clearExpiry],
  [Op.PushLeft, (db, key, effect) => void push(db, key, 'LEFT', effect.buffers())],
  [Op.PushRight, (db, key, effect) => void push(db, key, 'RIGHT', effect.buffers())],
  [Op.PopLeft, onList((db, key, list, effect) => void pop(db, key, list, 'LEFT', effect.number(0)))],
  [Op.PopRight, onList((db, key, list, effect) => void pop(db, key, list, 'RIGHT', effect.number(0)))],
  [
    Op.ListSet,
    onList((db, key, list, effect) => void setElement(db, key, list, effect.number(0), effect.bytes(1))),
  ],
  [
    Op.ListRemove,
    onList((db, key, list, effect) => void removeElements(db, key, list, effect.number(0), effect.bytes(1))),
  ],
  [Op.ListTrim, onList((db, key, list, effect) => trim(db, key, list, effect.number(0), effect.number(1)))],
  [
    Op.ListInsert,
    onList(
      (db, key, list, effect) =>
        void insertBeside(db, key, list, effect.text(0) === '1', effect.bytes(1), effect.bytes(2)),
    ),
  ],
  [Op.HashSet, (db, key, effect) => void setFields(db, key, fieldsOf(effect))],
  [Op.HashDelete, (db, key, effect) => void deleteFields(db, key, effect.texts())],
  [Op.SetAdd, (db, key, effect) => void addMembers(db, key, effect.texts())],
  [Op.SetRemove, (db, key, effect) => void removeMembers(db, key, effect.texts())],
  [Op.ZsetAdd, (db, key, effect) => void setScores(db, key, scoresOf(effect))],
  [Op.ZsetRemove, (db, key, effect) => void removeScored(db, key, effect.texts())],
  [Op.Rename, (db, key, effect) => rename(db, key, effect.text(0))],
  [Op.FlushDatabase, (db) => db.clear()],
  [Op.FlushAll, (_db, _key, _effect, keyspace) => keyspace.clear()],
]);

function setExpiry(db: Database, key: string, effect: EffectReader): void {
  const entry = db.find(key);
  if (entry !== undefined) db.setExpiry(key, entry, effect.number(0));
}

function clearExpiry(db: Database, key: string): void {
  const entry = db.find(key);
  if (entry !== undefined) persist(db, key, entry);
}

function fieldsOf(effect: EffectReader): [field: string, value: Buffer][] {
  const fields: [string, Buffer][] = [];
  for (let i = 0; i + 1 < effect.argCount; i += 2) fields.push([effect.text(i), effect.bytes(i + 1)]);
  return fields;
}

function scoresOf(effect: EffectReader): [member: string, score: number][] {
  const scores: [string, number][] = [];
  for (let i = 0; i + 1 < effect.argCount; i += 2) scores.push([effect.text(i + 1), effect.number(i)]);
  return scores;
}

/** Applies the effects of one frame. Throws when one is unknown: the log is of a newer version. */
export function replayFrame(keyspace: Keyspace, payload: Buffer): void {
  const effect = new EffectReader(payload);
  while (effect.next()) {
    const apply = APPLY.get(effect.op);
    if (apply === undefined) throw new RangeError(`unknown change ${effect.op}`);
    apply(keyspace.database(effect.database), effect.key, effect, keyspace);
  }
}
