import type { Database } from './database.ts';
import { type EffectArg, Op } from './effect.ts';
import { HashEntry, SetEntry } from './entry.ts';
import { ZsetEntry } from './zset-entry.ts';

/** Sets fields; how many are new. */
export function setFields(
  db: Database,
  key: string,
  fields: readonly (readonly [field: string, value: Buffer])[],
): number {
  let hash = db.hash(key);
  if (hash === undefined) {
    hash = new HashEntry();
    db.add(key, hash);
  }
  let added = 0;
  const args: EffectArg[] = [];
  for (const [field, value] of fields) {
    if (hash.set(field, value)) added += 1;
    args.push(field, value);
  }
  db.log(Op.HashSet, key, hash, args);
  db.changed(key, hash);
  return added;
}

/** Deletes fields; how many were there. */
export function deleteFields(db: Database, key: string, fields: readonly string[]): number {
  const hash = db.hash(key);
  if (hash === undefined) return 0;
  const gone = fields.filter((field) => hash.delete(field));
  if (gone.length === 0) return 0;
  db.log(Op.HashDelete, key, hash, gone);
  db.changed(key, hash);
  db.dropIfEmpty(key, hash.fields.size);
  return gone.length;
}

/** Adds members; how many are new. */
export function addMembers(db: Database, key: string, members: readonly string[]): number {
  let set = db.set(key);
  if (set === undefined) {
    set = new SetEntry();
    db.add(key, set);
  }
  const target = set;
  const added = members.filter((member) => target.add(member));
  if (added.length === 0) return 0;
  db.log(Op.SetAdd, key, set, added);
  db.changed(key, set);
  return added.length;
}

/** Removes members; how many were there. */
export function removeMembers(db: Database, key: string, members: readonly string[]): number {
  const set = db.set(key);
  if (set === undefined) return 0;
  const gone = members.filter((member) => set.delete(member));
  if (gone.length === 0) return 0;
  db.log(Op.SetRemove, key, set, gone);
  db.changed(key, set);
  db.dropIfEmpty(key, set.members.size);
  return gone.length;
}

/** Sets scores; how many members are new. */
export function setScores(
  db: Database,
  key: string,
  scores: readonly (readonly [member: string, score: number])[],
): number {
  let zset = db.zset(key);
  if (zset === undefined) {
    zset = new ZsetEntry();
    db.add(key, zset);
  }
  let added = 0;
  const args: EffectArg[] = [];
  for (const [member, score] of scores) {
    if (zset.set(member, score)) added += 1;
    args.push(String(score), member);
  }
  db.log(Op.ZsetAdd, key, zset, args);
  db.changed(key, zset);
  return added;
}

/** Removes members; how many were there. */
export function removeScored(db: Database, key: string, members: readonly string[]): number {
  const zset = db.zset(key);
  if (zset === undefined) return 0;
  const gone = members.filter((member) => zset.delete(member));
  if (gone.length === 0) return 0;
  db.log(Op.ZsetRemove, key, zset, gone);
  db.changed(key, zset);
  db.dropIfEmpty(key, zset.size);
  return gone.length;
}
