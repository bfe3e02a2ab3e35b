import { ADD_TO_CHORD, STORE } from '../../../lib/backend/redis/scripts.ts';
import { addMembers } from '../keyspace/collections.ts';
import { expireAt } from '../keyspace/keys.ts';
import { incrementBy, setString } from '../keyspace/strings.ts';
import { notInteger } from '../resp/reply-error.ts';
import { scriptNumber, scriptText } from './script-values.ts';
import type { NativeScript, ScriptCall } from './table.ts';

const SUCCESS = /^(?:\{"status": ?"SUCCESS"|(?:[\x80-\x8f]|\xde[\s\S]{2})\xa6status\xa7SUCCESS)/;
const YAML_SUCCESS = /^[A-Za-z][\s\S]*\nstatus: SUCCESS\n/;

function store({ database, keyspace, pubsub, keys, args, reply }: ScriptCall): void {
  const expires = scriptNumber(args[0]);
  if (expires > 0 && !Number.isSafeInteger(expires)) throw notInteger();
  let written = 0;
  for (const [i, key] of keys.entries()) {
    keyspace.tracking.read(key);
    const old = database.string(key)?.value;
    const value = Buffer.from(scriptText(args, i + 1), 'latin1');
    if (old !== undefined && hasSucceeded(old)) continue;
    setString(database, key, value, expires > 0 ? Date.now() + expires * 1000 : 0);
    pubsub.publish(key, value);
    written += 1;
  }
  reply.integer(written);
}

function hasSucceeded(record: Buffer): boolean {
  if (SUCCESS.test(record.toString('latin1', 0, 64))) return true;
  // PyYAML writes keys in order, one a line: only such a text is looked through.
  return /[A-Za-z]/.test(String.fromCharCode(record[0] ?? 0)) && YAML_SUCCESS.test(record.toString('latin1'));
}

function addToChord({ database, keys, args, reply }: ScriptCall): void {
  const expiries = keys.map((_, index) => scriptNumber(args[index]));
  if (!expiries.every(Number.isSafeInteger)) throw notInteger();
  const isNew = addMembers(database, scriptText(keys, 1), [scriptText(args, 2)]);
  if (isNew === 1) incrementBy(database, scriptText(keys, 0), 1n);
  for (const [index, key] of keys.entries()) {
    const [entry, seconds = 0] = [database.find(key), expiries[index]];
    if (entry !== undefined && seconds > 0) expireAt(database, key, entry, Date.now() + seconds * 1000);
  }
  reply.integer(isNew);
}

export const NATIVE_BACKEND: readonly NativeScript[] = [
  { lua: STORE.lua, isGrowing: true, run: store },
  { lua: ADD_TO_CHORD.lua, isGrowing: true, run: addToChord },
];
