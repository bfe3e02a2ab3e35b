import type { Client } from '../client.ts';
import { deleteFields, setFields } from '../keyspace/collections.ts';
import type { Args } from '../resp/args.ts';
import { fitsInt64, parseBigInteger } from '../resp/numbers.ts';
import { ReplyError, wrongArity } from '../resp/reply-error.ts';
import { type Command, reader, remover, writer } from './command.ts';
import { parseScan, Scanner } from './scan.ts';

function readPairs(args: Args, name: string): [field: string, value: Buffer][] {
  if (args.length % 2 !== 0) throw wrongArity(name);
  const pairs: [string, Buffer][] = [];
  for (let i = 2; i < args.length; i += 2) pairs.push([args.str(i), args.bytes(i + 1)]);
  return pairs;
}

function getAll(client: Client, args: Args): void {
  const hash = client.database.hash(args.str(1));
  client.reply.map(hash?.fields.size ?? 0);
  if (hash === undefined) return;
  for (const [field, value] of hash.fields) {
    client.reply.text(field);
    client.reply.bulk(value);
  }
}

function getMany(client: Client, args: Args): void {
  const hash = client.database.hash(args.str(1));
  client.reply.array(args.length - 2);
  for (let i = 2; i < args.length; i += 1) client.reply.bulkOrNull(hash?.fields.get(args.str(i)));
}

function increment(client: Client, args: Args): void {
  const [key, field] = [args.str(1), args.str(2)];
  const amount = parseBigInteger(args.str(3));
  const old = client.database.hash(key)?.fields.get(field);
  const sum = (old === undefined ? 0n : parseStored(old)) + amount;
  if (!fitsInt64(sum)) throw new ReplyError('ERR increment or decrement would overflow');
  setFields(client.database, key, [[field, Buffer.from(String(sum), 'latin1')]]);
  client.reply.integer(sum);
}

function parseStored(value: Buffer): bigint {
  try {
    return parseBigInteger(value.toString('latin1', 0, 21));
  } catch {
    // The general text speaks of the argument; here it is the stored value that is wrong.
    throw new ReplyError('ERR hash value is not an integer');
  }
}

function setIfFree(client: Client, args: Args): void {
  const [key, field] = [args.str(1), args.str(2)];
  const isTaken = client.database.hash(key)?.fields.has(field) === true;
  if (!isTaken) setFields(client.database, key, [[field, args.bytes(3)]]);
  client.reply.integer(isTaken ? 0 : 1);
}

function scan(scanner: Scanner) {
  return (client: Client, args: Args): void => {
    const options = parseScan(args, 2);
    const { reply } = client;
    const fields = client.database.hash(args.str(1))?.fields ?? new Map<string, Buffer>();
    const count = options.cursor === 0 && fields.size <= 128 ? fields.size + 1 : options.count;
    const page = scanner.page(fields, options.cursor, count);
    const found = page.names.filter((name) => options.matches(name));
    reply.array(2);
    reply.text(String(page.next));
    reply.array(found.length * 2);
    for (const field of found) {
      reply.text(field);
      reply.bulkOrNull(fields.get(field));
    }
  };
}

export function hashCommands(): readonly Command[] {
  return [
    writer('hset', -4, (client, args) =>
      client.reply.integer(setFields(client.database, args.str(1), readPairs(args, 'hset'))),
    ),
    writer('hmset', -4, (client, args) => {
      setFields(client.database, args.str(1), readPairs(args, 'hmset'));
      client.reply.ok();
    }),
    writer('hsetnx', 4, setIfFree),
    reader('hget', 3, (client, args) =>
      client.reply.bulkOrNull(client.database.hash(args.str(1))?.fields.get(args.str(2))),
    ),
    reader('hmget', -3, getMany),
    reader('hgetall', 2, getAll),
    remover('hdel', -3, (client, args) =>
      client.reply.integer(deleteFields(client.database, args.str(1), args.strings(2))),
    ),
    reader('hexists', 3, (client, args) =>
      client.reply.integer(client.database.hash(args.str(1))?.fields.has(args.str(2)) === true ? 1 : 0),
    ),
    reader('hlen', 2, (client, args) =>
      client.reply.integer(client.database.hash(args.str(1))?.fields.size ?? 0),
    ),
    reader('hstrlen', 3, (client, args) =>
      client.reply.integer(client.database.hash(args.str(1))?.fields.get(args.str(2))?.length ?? 0),
    ),
    reader('hkeys', 2, (client, args) =>
      client.reply.texts([...(client.database.hash(args.str(1))?.fields.keys() ?? [])]),
    ),
    reader('hvals', 2, (client, args) =>
      client.reply.bulks([...(client.database.hash(args.str(1))?.fields.values() ?? [])]),
    ),
    writer('hincrby', 4, increment),
    reader('hscan', -3, scan(new Scanner())),
  ];
}
