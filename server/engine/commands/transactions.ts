import type { Client } from '../client.ts';
import type { Args } from '../resp/args.ts';
import { ReplyError } from '../resp/reply-error.ts';
import { type Command, command } from './command.ts';

function exec(client: Client): void {
  const { queue, isAborted, mustAbort, reply } = client;
  if (queue === null) throw new ReplyError('ERR EXEC without MULTI');
  client.discard();
  if (isAborted) throw new ReplyError('EXECABORT Transaction discarded because of previous errors.');
  if (mustAbort) {
    reply.nilArray();
    return;
  }
  client.isExecuting = true;
  reply.array(queue.commands.length);
  for (const run of queue.commands) run();
  client.isExecuting = false;
}

function multi(client: Client): void {
  if (client.queue !== null) throw new ReplyError('ERR MULTI calls can not be nested');
  client.queue = { commands: [], hasWrites: false };
  client.reply.ok();
}

function discard(client: Client): void {
  if (client.queue === null) throw new ReplyError('ERR DISCARD without MULTI');
  client.discard();
  client.reply.ok();
}

function watch(client: Client, args: Args): void {
  if (client.queue !== null) throw new ReplyError('ERR WATCH inside MULTI is not allowed');
  for (let i = 1; i < args.length; i += 1) client.watch(client.database, args.str(i));
  client.reply.ok();
}

export const TRANSACTION_COMMANDS: readonly Command[] = [
  command('multi', 1, multi, { isImmediate: true }),
  command('exec', 1, exec, { isImmediate: true }),
  command('discard', 1, discard, { isImmediate: true }),
  command('watch', -2, watch, { isImmediate: true }),
  command('unwatch', 1, (client) => {
    client.unwatch();
    client.reply.ok();
  }),
];
