import {
  ACK,
  COUNT_BOOKED,
  EXPIRED,
  PARK,
  RENEW,
  RESTORE,
  TAG_PREFIX,
} from '../../../lib/transport/redis/scripts.ts';
import { deleteFields, removeScored, setScores } from '../keyspace/collections.ts';
import { push, trim } from '../keyspace/lists.ts';
import { formatDouble } from '../resp/numbers.ts';
import { ReplyError } from '../resp/reply-error.ts';
import { scriptNumber, scriptText, scriptTime } from './script-values.ts';
import type { NativeScript, ScriptCall } from './table.ts';

const PARKED_MAX = 1000;
/** The end of a booking: exchange and routing key. */
const TAIL = 600;
const BOOKED_NAMES = /\}\s*,\s*([^,]+,\s*"[^"]*")\s*\]\s*$/;

function acknowledge({ database, keys, args, reply }: ScriptCall): void {
  const [unacked, index] = [scriptText(keys, 0), scriptText(keys, 1)];
  if (args.length === 0) throw new ReplyError('ERR Wrong number of args calling Redis command from script');
  database.hash(unacked);
  removeScored(database, index, args);
  reply.integer(deleteFields(database, unacked, args));
}

function restore({ database, keyspace, keys, args, reply }: ScriptCall): void {
  const [unacked, index] = [scriptText(keys, 0), scriptText(keys, 1)];
  let restored = 0;
  for (let i = 0; i < args.length; i += 4) {
    const tag = scriptText(args, i);
    const list = scriptText(args, i + 1);
    const order = scriptText(args, i + 2);
    const envelope = scriptText(args, i + 3);
    const wanted = order.slice(1);
    if (wanted !== '') {
      keyspace.tracking.read(index);
      const score = database.zset(index)?.scores.get(tag);
      if (score === undefined || formatDouble(score) !== wanted) continue;
    }
    database.list(list);
    removeScored(database, index, [tag]);
    if (deleteFields(database, unacked, [tag]) === 0) continue;
    push(database, list, order.startsWith('R') ? 'RIGHT' : 'LEFT', [Buffer.from(envelope, 'latin1')]);
    restored += 1;
  }
  reply.integer(restored);
}

function park({ database, keys, args, reply }: ScriptCall): void {
  const [unacked, index, parked] = [scriptText(keys, 0), scriptText(keys, 1), scriptText(keys, 2)];
  database.list(parked);
  for (let i = 0; i < args.length; i += 2) {
    removeScored(database, index, [scriptText(args, i)]);
    deleteFields(database, unacked, [scriptText(args, i)]);
    push(database, parked, 'LEFT', [Buffer.from(scriptText(args, i + 1), 'latin1')]);
  }
  const list = database.list(parked);
  if (list !== undefined && list.length > PARKED_MAX) trim(database, parked, list, 0, PARKED_MAX - 1);
  reply.integer(Math.floor(args.length / 2));
}

function renew({ database, keyspace, keys, args, reply }: ScriptCall): void {
  const index = scriptText(keys, 0);
  const now = scriptTime();
  const zset = database.zset(index);
  const held = args.filter((tag) => zset?.scores.has(tag) === true);
  if (args.length > 0) keyspace.tracking.read(index);
  if (held.length > 0)
    setScores(
      database,
      index,
      held.map((tag) => [tag, now]),
    );
  const gone = args.filter((tag) => zset?.scores.has(tag) !== true);
  reply.array(gone.length);
  for (const tag of gone) reply.text(tag);
}

function expired({ database, keyspace, keys, args, reply }: ScriptCall): void {
  const [unacked, index] = [scriptText(keys, 0), scriptText(keys, 1)];
  const lease = scriptNumber(args[0]);
  const visibility = scriptNumber(args[1]);
  const limit = scriptNumber(args[2]);
  const now = scriptTime();
  const oldest = now - Math.min(lease, visibility);
  keyspace.tracking.read(index);
  const zset = database.zset(index);
  const payloads = database.hash(unacked);
  const end = zset?.order.rank(({ score }) => score <= oldest) ?? 0;
  const found = (zset?.order.slice(0, end) ?? [])
    .filter(({ member, score }) => score <= now - (member.startsWith(TAG_PREFIX) ? lease : visibility))
    .slice(0, Math.max(1, Math.ceil(limit)));
  if (found.length > 0) keyspace.tracking.read(unacked);
  reply.array(found.length * 3);
  for (const { member, score } of found) {
    reply.text(member);
    reply.text(formatDouble(score));
    reply.bulkOrNull(payloads?.fields.get(member));
  }
}

/** One of each so many in place of a random part: going through what is there without reading it is cheap. */
function countBooked({ database, keyspace, keys, args, reply }: ScriptCall): void {
  const unacked = scriptText(keys, 0);
  const [most, sample] = [scriptNumber(args[0]), scriptNumber(args[1])];
  let bytes = scriptNumber(args[2]);
  keyspace.tracking.read(unacked);
  const fields = database.hash(unacked)?.fields ?? new Map<string, Buffer>();
  const step = fields.size <= most ? 1 : Math.max(1, fields.size / sample);
  const counts = new Map<string, number>();
  let read = 0;
  let index = 0;
  let next = 0;
  for (const booking of fields.values()) {
    index += 1;
    if (index <= next) continue;
    // Anywhere in its stretch: queues may take turns as regularly as the stretches do.
    next = step === 1 ? index : (read + 1 + Math.random()) * step;
    bytes -= booking.length;
    if (bytes < 0) break;
    read += 1;
    const names = BOOKED_NAMES.exec(booking.toString('latin1', Math.max(0, booking.length - TAIL)))?.[1];
    if (names !== undefined) counts.set(names, (counts.get(names) ?? 0) + 1);
  }
  reply.array(2 + counts.size * 2);
  reply.integer(fields.size);
  reply.integer(read);
  for (const [names, count] of counts) {
    reply.text(names);
    reply.integer(count);
  }
}

export const NATIVE_TRANSPORT: readonly NativeScript[] = [
  { lua: ACK.lua, run: acknowledge },
  { lua: RESTORE.lua, run: restore },
  { lua: PARK.lua, run: park },
  { lua: RENEW.lua, run: renew },
  { lua: EXPIRED.lua, run: expired },
  { lua: COUNT_BOOKED.lua, run: countBooked },
];
