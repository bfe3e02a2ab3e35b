import type { Client } from '../client.ts';
import type { Args } from '../resp/args.ts';
import { OUT_OF_MEMORY, ReplyError } from '../resp/reply-error.ts';
import type { NativeScript } from '../scripts/table.ts';
import { type Command, command, container, remover, type Services } from './command.ts';

const UNKNOWN_SCRIPT =
  'ERR This script is not known to the embedded engine; use Redis for custom Lua scripts';

function load(lua: string, { scripts }: Services): string {
  const sha = scripts.load(lua);
  if (sha === undefined) throw new ReplyError(UNKNOWN_SCRIPT);
  return sha;
}

function evaluate(client: Client, args: Args, services: Services): void {
  const keyCount = parseKeyCount(args);
  run(client, args, keyCount, services.scripts.loaded(load(args.str(1), services)), services);
}

function evaluateLoaded(client: Client, args: Args, services: Services): void {
  const keyCount = parseKeyCount(args);
  run(client, args, keyCount, services.scripts.loaded(args.str(1)), services);
}

function parseKeyCount(args: Args): number {
  const count = args.int(2);
  if (count > args.length - 3)
    throw new ReplyError("ERR Number of keys can't be greater than number of args");
  if (count < 0) throw new ReplyError("ERR Number of keys can't be negative");
  return count;
}

function run(
  client: Client,
  args: Args,
  keyCount: number,
  script: NativeScript | undefined,
  services: Services,
): void {
  if (script === undefined) throw new ReplyError('NOSCRIPT No matching script. Please use EVAL.');
  const { keyspace, pubsub, facts } = services;
  const isFull = facts.maxMemoryBytes > 0 && keyspace.usedBytes > facts.maxMemoryBytes;
  if (script.isGrowing === true && isFull) throw new ReplyError(OUT_OF_MEMORY);
  script.run({
    client,
    database: client.database,
    keyspace,
    pubsub,
    reply: client.reply,
    keys: args.strings(3, 3 + keyCount),
    args: args.strings(3 + keyCount),
  });
}

function exists(client: Client, args: Args, { scripts }: Services): void {
  client.reply.array(args.length - 2);
  for (let i = 2; i < args.length; i += 1) {
    client.reply.integer(scripts.loaded(args.str(i)) === undefined ? 0 : 1);
  }
}

function flush(client: Client, args: Args, { scripts }: Services): void {
  const isKnown = args.length === 2 || (args.length === 3 && ['SYNC', 'ASYNC'].includes(args.word(2)));
  if (!isKnown) throw new ReplyError('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
  scripts.flush();
  client.reply.ok();
}

export const SCRIPT_COMMANDS: readonly Command[] = [
  remover('eval', -3, evaluate),
  remover('evalsha', -3, evaluateLoaded),
  container('script', [
    command('script|load', 3, (client, args, services) => client.reply.text(load(args.str(2), services))),
    command('script|exists', -3, exists),
    command('script|flush', -2, flush),
  ]),
];
