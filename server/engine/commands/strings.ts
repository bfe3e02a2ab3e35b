import type { Client } from '../client.ts';
import type { Database } from '../keyspace/database.ts';
import { StringEntry } from '../keyspace/entry.ts';
import { persist } from '../keyspace/keys.ts';
import { appendString, incrementBy, setKeepingExpiry, setString } from '../keyspace/strings.ts';
import type { Args } from '../resp/args.ts';
import { general, parseBigInteger, parseFloatStrict } from '../resp/numbers.ts';
import { notFloat, ReplyError, syntaxError, wrongArity } from '../resp/reply-error.ts';
import { type Command, reader, remover, writer } from './command.ts';
import { expireTime, type TimeUnit } from './expire-time.ts';

interface SetOptions {
  condition: 'NX' | 'XX' | null;
  isGet: boolean;
  isKeepingExpiry: boolean;
  unit: TimeUnit | null;
  /** Index of the argument with the time. */
  time: number;
}

const UNITS: ReadonlyMap<string, TimeUnit> = new Map([
  ['EX', 'EX'],
  ['PX', 'PX'],
  ['EXAT', 'EXAT'],
  ['PXAT', 'PXAT'],
]);

function set(client: Client, args: Args): void {
  const key = args.str(1);
  const { database, reply } = client;
  if (args.length === 3) {
    setString(database, key, args.bytes(2));
    reply.ok();
    return;
  }
  const options = parseSetOptions(args);
  const expiresAt = options.unit === null ? 0 : expireTime(args.int(options.time), options.unit, 'set');
  const old = options.isGet ? database.string(key) : database.find(key);
  const oldValue = old instanceof StringEntry ? old.value : undefined;
  const isRefused = options.condition !== null && (old === undefined) !== (options.condition === 'NX');
  if (!isRefused) store(database, key, args.bytes(2), options.isKeepingExpiry, expiresAt);
  if (options.isGet) reply.bulkOrNull(oldValue);
  else if (isRefused) reply.nil();
  else reply.ok();
}

function store(db: Database, key: string, value: Buffer, isKeeping: boolean, expiresAt: number): void {
  if (isKeeping) setKeepingExpiry(db, key, value);
  else if (expiresAt !== 0 && db.host.hasPassed(expiresAt - 1)) {
    setString(db, key, value);
    db.remove(key);
  } else setString(db, key, value, expiresAt);
}

function parseSetOptions(args: Args): SetOptions {
  const options: SetOptions = { condition: null, isGet: false, isKeepingExpiry: false, unit: null, time: 0 };
  for (let i = 3; i < args.length; i += 1) {
    const word = args.word(i);
    const unit = UNITS.get(word);
    if (unit !== undefined) {
      if (options.unit !== null || options.isKeepingExpiry || i + 1 >= args.length) throw syntaxError();
      options.unit = unit;
      i += 1;
      options.time = i;
    } else setFlag(options, word);
  }
  return options;
}

function setFlag(options: SetOptions, word: string): void {
  if (word === 'GET') options.isGet = true;
  else if (word === 'KEEPTTL' && options.unit === null) options.isKeepingExpiry = true;
  else if ((word === 'NX' || word === 'XX') && (options.condition ?? word) === word) options.condition = word;
  else throw syntaxError();
}

function setExpiring(unit: TimeUnit, name: string) {
  return (client: Client, args: Args): void => {
    const expiresAt = expireTime(args.int(2), unit, name);
    setString(client.database, args.str(1), args.bytes(3), expiresAt);
    client.reply.ok();
  };
}

function increment(sign: bigint, hasAmount: boolean) {
  return (client: Client, args: Args): void => {
    const amount = hasAmount ? parseBigInteger(args.str(2)) : 1n;
    if (sign < 0n && amount === -9223372036854775808n) throw new ReplyError('ERR decrement would overflow');
    client.reply.integer(incrementBy(client.database, args.str(1), sign * amount));
  };
}

function incrementByFloat(client: Client, args: Args): void {
  const key = args.str(1);
  const old = client.database.string(key);
  const value = old === undefined ? 0 : parseFloatStrict(old.value.toString('latin1'), notFloat);
  const sum = value + args.float(2);
  if (!Number.isFinite(sum)) throw new ReplyError('ERR increment would produce NaN or Infinity');
  const text = Buffer.from(decimal(sum), 'latin1');
  setKeepingExpiry(client.database, key, text);
  client.reply.bulk(text);
}

/** Redis adds in long double and prints `%.17Lf` without trailing zeros: the shortest double reads the same. */
function decimal(value: number): string {
  const shortest = String(value);
  if (!shortest.includes('e')) return shortest;
  const fixed = Math.abs(value) >= 1 ? BigInt(value).toString() : value.toFixed(17).replace(/\.?0+$/, '');
  return fixed === '' || fixed === '-' ? general(value, 17) : fixed;
}

function getEx(client: Client, args: Args): void {
  const key = args.str(1);
  const db = client.database;
  const option = args.length > 2 ? args.word(2) : '';
  const unit = UNITS.get(option);
  const isRight =
    unit === undefined ? args.length === 2 || (option === 'PERSIST' && args.length === 3) : args.length === 4;
  if (!isRight) throw syntaxError();
  const expiresAt = unit === undefined ? 0 : expireTime(args.int(3), unit, 'getex');
  const entry = db.string(key);
  const value = entry?.value;
  if (entry !== undefined && value !== undefined) {
    if (unit !== undefined) store(db, key, value, false, expiresAt);
    else if (option === 'PERSIST') persist(db, key, entry);
  }
  client.reply.bulkOrNull(value);
}

function setPairs(client: Client, args: Args, name: string): void {
  if (args.length % 2 === 0) throw wrongArity(name);
  for (let i = 1; i < args.length; i += 2) setString(client.database, args.str(i), args.bytes(i + 1));
}

function setRange(client: Client, args: Args): void {
  const offset = args.int(2);
  if (offset < 0) throw new ReplyError('ERR offset is out of range');
  const key = args.str(1);
  const old = client.database.string(key)?.value;
  const patch = args.bytes(3);
  if (patch.length > 0) {
    if (offset + patch.length > 512 * 1024 * 1024) {
      throw new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
    }
    const value = Buffer.alloc(Math.max(old?.length ?? 0, offset + patch.length));
    old?.copy(value);
    patch.copy(value, offset);
    setKeepingExpiry(client.database, key, value);
    client.reply.integer(value.length);
  } else client.reply.integer(old?.length ?? 0);
}

function getRange(client: Client, args: Args): void {
  const [start, end] = [args.int(2), args.int(3)];
  const value = client.database.string(args.str(1))?.value ?? Buffer.alloc(0);
  const first = Math.max(0, start < 0 ? value.length + start : start);
  const last = Math.max(0, end < 0 ? value.length + end : end);
  const isEmpty = (start < 0 && end < 0 && start > end) || first > last;
  client.reply.bulk(isEmpty ? Buffer.alloc(0) : value.subarray(first, last + 1));
}

export const STRING_COMMANDS: readonly Command[] = [
  reader('get', 2, (client, args) => client.reply.bulkOrNull(client.database.string(args.str(1))?.value)),
  writer('set', -3, set),
  writer('setex', 4, setExpiring('EX', 'setex')),
  writer('psetex', 4, setExpiring('PX', 'psetex')),
  writer('setnx', 3, (client, args) => {
    const isNew = client.database.find(args.str(1)) === undefined;
    if (isNew) setString(client.database, args.str(1), args.bytes(2));
    client.reply.integer(isNew ? 1 : 0);
  }),
  writer('getset', 3, (client, args) => {
    const old = client.database.string(args.str(1))?.value;
    setString(client.database, args.str(1), args.bytes(2));
    client.reply.bulkOrNull(old);
  }),
  remover('getdel', 2, (client, args) => {
    const old = client.database.string(args.str(1))?.value;
    if (old !== undefined) client.database.remove(args.str(1));
    client.reply.bulkOrNull(old);
  }),
  remover('getex', -2, getEx),
  reader(
    'mget',
    -2,
    (client, args) => {
      client.reply.array(args.length - 1);
      for (let i = 1; i < args.length; i += 1) {
        const entry = client.database.find(args.str(i));
        client.reply.bulkOrNull(entry instanceof StringEntry ? entry.value : undefined);
      }
    },
    [1, -1, 1],
  ),
  writer('mset', -3, (client, args) => {
    setPairs(client, args, 'mset');
    client.reply.ok();
  }),
  writer('msetnx', -3, (client, args) => {
    if (args.length % 2 === 0) throw wrongArity('msetnx');
    const isFree = args.strings(1, args.length, 2).every((key) => client.database.find(key) === undefined);
    if (isFree) setPairs(client, args, 'msetnx');
    client.reply.integer(isFree ? 1 : 0);
  }),
  writer('incr', 2, increment(1n, false)),
  writer('decr', 2, increment(-1n, false)),
  writer('incrby', 3, increment(1n, true)),
  writer('decrby', 3, increment(-1n, true)),
  writer('incrbyfloat', 3, incrementByFloat),
  writer('append', 3, (client, args) =>
    client.reply.integer(appendString(client.database, args.str(1), args.bytes(2))),
  ),
  writer('setrange', 4, setRange),
  reader('getrange', 4, getRange),
  reader('strlen', 2, (client, args) =>
    client.reply.integer(client.database.string(args.str(1))?.value.length ?? 0),
  ),
];
