import { FETCH } from '../../../lib/transport/redis/scripts.ts';
import { setFields, setScores } from '../keyspace/collections.ts';
import { pop, push, trim } from '../keyspace/lists.ts';
import { ReplyError } from '../resp/reply-error.ts';
import { booking, cjsonString, scriptNumber, scriptText, scriptTime } from './script-values.ts';
import type { NativeScript, ScriptCall } from './table.ts';

const OPENING_BRACE = 123;
const PARKED_MAX = 1000;

interface Fetched {
  /** 1-based number of the queue. */
  queue: number;
  message: Buffer;
}

/** Several queues at one priority step. */
interface Step {
  keys: readonly string[];
  /** Names of the queues as JSON text. */
  names: readonly string[];
}

interface Catch {
  readonly taken: Fetched[];
  /** What was parked, for the reply. */
  readonly refused: Fetched[];
}

/** Takes messages off one list; what is no JSON object is parked. */
function take(call: ScriptCall, step: Step, queue: number, share: number, { taken, refused }: Catch): void {
  const { database } = call;
  const key = scriptText(step.keys, queue - 1);
  const list = database.list(key);
  if (list === undefined || share <= 0) return;
  for (const message of pop(database, key, list, 'RIGHT', share)) {
    if (message[0] === OPENING_BRACE) taken.push({ queue, message });
    else {
      park(call, scriptText(step.names, queue - 1), message);
      refused.push({ queue, message });
    }
  }
}

/** Every queue of the step first gets its fair share, then whatever is left goes to the first that has messages. */
function takeStep(call: ScriptCall, step: Step, count: number, caught: Catch): void {
  const { taken } = caught;
  const queues = step.keys.length;
  for (let queue = 1; queue <= queues; queue += 1) {
    take(call, step, queue, Math.ceil((count - taken.length) / (queues - queue + 1)), caught);
  }
  for (let queue = 1; queue <= queues; queue += 1) {
    take(call, step, queue, count - taken.length, caught);
  }
}

/** The order of the fields is the one in which Lua walks this table. */
function park({ database, keys, args }: ScriptCall, name: string, message: Buffer): void {
  const parked = scriptText(keys, 2);
  const entry = [
    `{"at":${cjsonString(scriptText(args, 4))}`,
    `"message":${cjsonString(message.toString('latin1'))}`,
    `"reason":"not a JSON object"`,
    `"queue":${cjsonString(decodeName(name))}}`,
  ].join(',');
  push(database, parked, 'LEFT', [Buffer.from(entry, 'latin1')]);
  const list = database.list(parked);
  if (list !== undefined && list.length > PARKED_MAX) trim(database, parked, list, 0, PARKED_MAX - 1);
}

/** Queue names come as JSON text in UTF-8. */
function decodeName(json: string): string {
  try {
    const name: unknown = JSON.parse(Buffer.from(json, 'latin1').toString('utf8'));
    if (typeof name === 'string') return Buffer.from(name, 'utf8').toString('latin1');
  } catch {
    // Told below.
  }
  throw new ReplyError('ERR The name of a queue must be JSON text');
}

/** What the prefix holds already, for a client that lost the reply. */
function held({ database, keyspace, keys }: ScriptCall, prefix: string, count: number): Buffer[] {
  const unacked = scriptText(keys, 0);
  const found: Buffer[] = [];
  for (let i = 1; i <= count; i += 1) {
    keyspace.tracking.read(unacked);
    const triple = database.hash(unacked)?.fields.get(prefix + i);
    if (triple === undefined) break;
    found.push(triple);
  }
  return found;
}

function book({ database, keys, args }: ScriptCall, prefix: string, taken: readonly Fetched[]): void {
  const now = scriptTime();
  const fields: [string, Buffer][] = [];
  const scores: [string, number][] = [];
  for (const [i, { queue, message }] of taken.entries()) {
    const tag = `${prefix}${i + 1}`;
    fields.push([tag, booking(message, scriptText(args, 4 + queue))]);
    scores.push([tag, now]);
  }
  setFields(database, scriptText(keys, 0), fields);
  setScores(database, scriptText(keys, 1), scores);
}

function fetch(call: ScriptCall): void {
  const { args, keys, reply, database, keyspace } = call;
  const count = scriptNumber(args[0]);
  const prefix = scriptText(args, 1);
  const again = args[2] === '1' ? held(call, prefix, count) : [];
  if (again.length > 0) {
    reply.array(again.length * 2);
    for (const payload of again) {
      reply.integer(0);
      reply.bulk(payload);
    }
    return;
  }
  // Checked before anything is taken, so that nothing is taken in vain.
  database.hash(scriptText(keys, 0));
  database.zset(scriptText(keys, 1));
  for (const key of keys.slice(2)) {
    keyspace.tracking.read(key);
    database.list(key);
  }
  const queues = scriptNumber(args[3]);
  const names = args.slice(5, 5 + queues);
  const caught: Catch = { taken: [], refused: [] };
  for (let first = 3; first < keys.length; first += queues) {
    takeStep(call, { keys: keys.slice(first, first + queues), names }, count, caught);
  }
  const { taken, refused } = caught;
  if (taken.length > 0) book(call, prefix, taken);
  reply.array((taken.length + refused.length) * 2);
  for (const { queue, message } of taken) {
    reply.integer(queue);
    reply.bulk(message);
  }
  for (const { queue, message } of refused) {
    reply.integer(-queue);
    reply.bulk(message.subarray(0, 60));
  }
}

export const NATIVE_FETCH: NativeScript = { lua: FETCH.lua, run: fetch };
