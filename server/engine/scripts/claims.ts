import { BOOK, GIVE_BACK } from '../../../lib/transport/redis/claim-scripts.ts';
import { removeScored, setFields, setScores } from '../keyspace/collections.ts';
import { popOne, push } from '../keyspace/lists.ts';
import { formatDouble } from '../resp/numbers.ts';
import { booking, scriptNumber, scriptText, scriptTime } from './script-values.ts';
import type { NativeScript, ScriptCall } from './table.ts';

function book({ database, keyspace, keys, args, reply }: ScriptCall): void {
  const [unacked, index, list] = [scriptText(keys, 0), scriptText(keys, 1), scriptText(keys, 2)];
  const tag = scriptText(args, 0);
  let score = scriptTime();
  if (args.length > 3) {
    const [claims, name] = [scriptText(keys, 3), scriptText(args, 2)];
    keyspace.tracking.read(claims);
    const last = database.zset(claims)?.scores.get(name);
    if (last === undefined || formatDouble(last) !== args[3]) {
      reply.integer(0);
      return;
    }
    score = last;
    removeScored(database, claims, [name]);
    if (args.length > 4) setScores(database, claims, [[scriptText(args, 5), scriptNumber(args[4])]]);
  }
  const found = database.list(list);
  // Checked before the message is taken, so that it is not lost.
  database.hash(unacked);
  database.zset(index);
  const message = found === undefined ? undefined : popOne(database, list, found, 'RIGHT');
  if (message !== undefined) {
    setFields(database, unacked, [[tag, booking(message, scriptText(args, 1))]]);
    setScores(database, index, [[tag, score]]);
  }
  reply.integer(message === undefined ? 0 : 1);
}

function giveBack({ database, keyspace, keys, reply }: ScriptCall): void {
  const [list, queue] = [scriptText(keys, 0), scriptText(keys, 1)];
  keyspace.tracking.read(queue);
  database.list(queue);
  const found = database.list(list);
  const message = found === undefined ? undefined : popOne(database, list, found, 'RIGHT');
  if (message !== undefined) push(database, queue, 'RIGHT', [message]);
  reply.integer(message === undefined ? 0 : 1);
}

export const NATIVE_CLAIMS: readonly NativeScript[] = [
  { lua: BOOK.lua, run: book },
  { lua: GIVE_BACK.lua, run: giveBack },
];
