import type { Client } from '../client.ts';
import { compileGlob } from '../glob.ts';
import type { Entry } from '../keyspace/entry.ts';
import { expireAt, persist, rename } from '../keyspace/keys.ts';
import type { Args } from '../resp/args.ts';
import { ReplyError } from '../resp/reply-error.ts';
import { type Command, command, container, reader, remover, type Services, writer } from './command.ts';
import { absoluteTime, type TimeUnit } from './expire-time.ts';
import { parseScan, Scanner } from './scan.ts';

const NO_SUCH_KEY = 'ERR no such key';

function del(client: Client, args: Args): void {
  let count = 0;
  for (let i = 1; i < args.length; i += 1) {
    const key = args.str(i);
    if (client.database.find(key) !== undefined && client.database.remove(key)) count += 1;
  }
  client.reply.integer(count);
}

function exists(client: Client, args: Args): void {
  let count = 0;
  for (let i = 1; i < args.length; i += 1) if (client.database.find(args.str(i)) !== undefined) count += 1;
  client.reply.integer(count);
}

function expire(name: string, unit: TimeUnit) {
  return (client: Client, args: Args): void => {
    const flags = parseExpireFlags(args);
    const at = absoluteTime(args.int(2), unit, name);
    const key = args.str(1);
    const entry = client.database.find(key);
    const mayExpire = entry !== undefined && flags.every((flag) => allows(flag, entry.expiresAt, at));
    if (mayExpire) expireAt(client.database, key, entry, Math.max(1, at));
    client.reply.integer(mayExpire ? 1 : 0);
  };
}

function parseExpireFlags(args: Args): string[] {
  const flags: string[] = [];
  for (let i = 3; i < args.length; i += 1) {
    const flag = args.word(i);
    if (!['NX', 'XX', 'GT', 'LT'].includes(flag))
      throw new ReplyError(`ERR Unsupported option ${args.str(i)}`);
    flags.push(flag);
  }
  if (flags.includes('NX') && flags.some((flag) => flag !== 'NX')) {
    throw new ReplyError('ERR NX and XX, GT or LT options at the same time are not compatible');
  }
  if (flags.includes('GT') && flags.includes('LT')) {
    throw new ReplyError('ERR GT and LT options at the same time are not compatible');
  }
  return flags;
}

/** No expiry counts as infinitely late. */
function allows(flag: string, current: number, wanted: number): boolean {
  if (flag === 'NX') return current === 0;
  if (flag === 'XX') return current !== 0;
  if (flag === 'GT') return current !== 0 && wanted > current;
  return current === 0 || wanted < current;
}

function timeToLive(show: (entry: Entry) => number) {
  return (client: Client, args: Args): void => {
    const entry = client.database.find(args.str(1));
    if (entry === undefined) client.reply.integer(-2);
    else client.reply.integer(entry.expiresAt === 0 ? -1 : show(entry));
  };
}

function keys(client: Client, args: Args): void {
  const matches = compileGlob(args.str(1));
  const { database } = client;
  const found = [...database.entries.keys()].filter(
    (key) => matches(key) && database.find(key) !== undefined,
  );
  client.reply.texts(found);
}

function renameTo(isOnlyIfFree: boolean) {
  return (client: Client, args: Args): void => {
    const [from, to] = [args.str(1), args.str(2)];
    const { database, reply } = client;
    if (database.find(from) === undefined) throw new ReplyError(NO_SUCH_KEY);
    const isTaken = isOnlyIfFree && database.find(to) !== undefined;
    if (!isTaken) rename(database, from, to);
    if (isOnlyIfFree) reply.integer(isTaken ? 0 : 1);
    else reply.ok();
  };
}

function randomKey(client: Client): void {
  const { database } = client;
  for (let tries = 0; tries < 100 && database.entries.size > 0; tries += 1) {
    let skip = Math.floor(Math.random() * Math.min(database.entries.size, 1000));
    for (const key of database.entries.keys()) {
      if (skip > 0) skip -= 1;
      else if (database.find(key) !== undefined) {
        client.reply.text(key);
        return;
      } else break;
    }
  }
  client.reply.nil();
}

function scanCommand(scanner: Scanner) {
  return (client: Client, args: Args): void => {
    const options = parseScan(args, 1, true);
    const { database, reply } = client;
    const page = scanner.page(database.entries, options.cursor, options.count);
    const found = page.names.filter((key) => {
      const entry = database.find(key);
      return entry !== undefined && options.matches(key) && (options.type ?? entry.type) === entry.type;
    });
    reply.array(2);
    reply.text(String(page.next));
    reply.texts(found);
  };
}

function type(client: Client, args: Args): void {
  client.reply.status(client.database.find(args.str(1))?.type ?? 'none');
}

function memoryUsage(client: Client, args: Args): void {
  const entry = client.database.find(args.str(2));
  if (entry === undefined) client.reply.nil();
  else client.reply.integer(entry.counted);
}

function encoding(client: Client, args: Args): void {
  const entry = client.database.find(args.str(2));
  if (entry === undefined) client.reply.nil();
  else client.reply.text(entry.encoding);
}

function flush(isAll: boolean) {
  return (client: Client, args: Args, { keyspace }: Services): void => {
    const isKnown = args.length === 1 || (args.length === 2 && ['SYNC', 'ASYNC'].includes(args.word(1)));
    if (!isKnown) throw new ReplyError('ERR syntax error');
    if (isAll) keyspace.flushAll();
    else keyspace.flushDatabase(client.database);
    client.reply.ok();
  };
}

const seconds = (ms: number): number => Math.floor((ms + 500) / 1000);

export function keyCommands(): readonly Command[] {
  return [
    remover('del', -2, del),
    remover('unlink', -2, del),
    reader('exists', -2, exists, [1, -1, 1]),
    reader('touch', -2, exists, [1, -1, 1]),
    remover('expire', -3, expire('expire', 'EX')),
    remover('pexpire', -3, expire('pexpire', 'PX')),
    remover('expireat', -3, expire('expireat', 'EXAT')),
    remover('pexpireat', -3, expire('pexpireat', 'PXAT')),
    reader(
      'ttl',
      2,
      timeToLive((entry) => seconds(Math.max(0, entry.expiresAt - Date.now()))),
    ),
    reader(
      'pttl',
      2,
      timeToLive((entry) => Math.max(0, entry.expiresAt - Date.now())),
    ),
    reader(
      'expiretime',
      2,
      timeToLive((entry) => seconds(entry.expiresAt)),
    ),
    reader(
      'pexpiretime',
      2,
      timeToLive((entry) => entry.expiresAt),
    ),
    remover('persist', 2, (client, args) => {
      const entry = client.database.find(args.str(1));
      client.reply.integer(entry !== undefined && persist(client.database, args.str(1), entry) ? 1 : 0);
    }),
    reader('type', 2, type),
    command('keys', 2, keys),
    command('scan', -2, scanCommand(new Scanner())),
    writer('rename', 3, renameTo(false)),
    writer('renamenx', 3, renameTo(true)),
    command('randomkey', 1, randomKey),
    command('dbsize', 1, (client) => client.reply.integer(client.database.entries.size)),
    remover('flushdb', -1, flush(false)),
    remover('flushall', -1, flush(true)),
    container('memory', [reader('memory|usage', -3, memoryUsage, [2, 2, 1])]),
    container('object', [reader('object|encoding', 3, encoding, [2, 2, 1])]),
  ];
}
