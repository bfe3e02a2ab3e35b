import type { Block, Client } from '../client.ts';
import type { Waiter } from '../keyspace/blocking.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { ListEntry } from '../keyspace/list-entry.ts';
import { move, pop, popOne, type Side } from '../keyspace/lists.ts';
import type { Args } from '../resp/args.ts';
import { parseFloatStrict } from '../resp/numbers.ts';
import { ReplyError } from '../resp/reply-error.ts';
import { type Command, type Services, writer } from './command.ts';
import { parseMultiPop, parseSide } from './lists.ts';

/** Takes from a list that has elements, and replies. */
type Take = (client: Client, key: string, list: ListEntry) => void;

/** Seconds, with fractions; 0 waits for ever. In milliseconds. */
function parseTimeout(args: Args, index: number): number {
  const seconds = parseFloatStrict(
    args.str(index),
    () => new ReplyError('ERR timeout is not a float or out of range'),
  );
  if (seconds < 0) throw new ReplyError('ERR timeout is negative');
  if (seconds * 1000 > 9.2e18) throw new ReplyError('ERR timeout is out of range');
  return Math.ceil(seconds * 1000);
}

/** Serves the first list that has elements, or waits for one; in a transaction there is no waiting. */
function takeOrWait(
  client: Client,
  keys: readonly string[],
  timeoutMs: number,
  take: Take,
  services: Services,
): void {
  for (const key of keys) {
    const list = client.database.list(key);
    if (list === undefined) continue;
    take(client, key, list);
    return;
  }
  if (client.isExecuting) client.reply.nilArray();
  else wait(client, keys, timeoutMs, take, services);
}

/** Longest delay of a Node timer; whoever waits longer waits in rounds. */
const TIMER_MAX = 2 ** 31 - 1;

function wait(
  client: Client,
  keys: readonly string[],
  timeoutMs: number,
  take: Take,
  services: Services,
): void {
  const { keyspace, clients } = services;
  const { database } = client;
  let timer: NodeJS.Timeout | undefined;
  const finish = (): void => {
    clearTimeout(timer);
    keyspace.blocking.remove(waiter);
    client.block = null;
  };
  const waiter: Waiter = {
    database: database.index,
    keys: [...new Set(keys)],
    serve: (key, list) => {
      finish();
      serve(client, keyspace, () => take(client, key, list));
      clients.touch(client);
      services.wake(client, true);
    },
  };
  const block: Block = {
    cancel: (error) => {
      finish();
      if (error === undefined) client.reply.nilArray();
      else client.reply.error(error);
      clients.touch(client);
      services.wake(client, false);
    },
    drop: finish,
  };
  const arm = (leftMs: number): void => {
    const delay = Math.min(leftMs, TIMER_MAX);
    timer = setTimeout(() => {
      if (leftMs > TIMER_MAX) arm(leftMs - TIMER_MAX);
      else block.cancel();
    }, delay);
  };
  if (timeoutMs > 0) arm(timeoutMs);
  client.block = block;
  keyspace.blocking.add(waiter);
}

/** Runs on behalf of the blocked client: it is the one that changes the list, and it waits for the log. */
function serve(client: Client, keyspace: Keyspace, run: () => void): void {
  const { tracking } = keyspace;
  const caller = tracking.current;
  tracking.current = client.tracking;
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof ReplyError)) throw thrown;
    client.reply.error(thrown.message);
  }
  tracking.tellOwn();
  tracking.current = caller;
}

function takeWithName(side: Side): Take {
  return (client, key, list) => {
    const value = popOne(client.database, key, list, side);
    client.reply.array(2);
    client.reply.text(key);
    client.reply.bulkOrNull(value);
  };
}

function blockingPop(side: Side) {
  return (client: Client, args: Args, services: Services): void => {
    const last = args.length - 1;
    const timeout = parseTimeout(args, last);
    takeOrWait(client, args.strings(1, last), timeout, takeWithName(side), services);
  };
}

function blockingMove(
  client: Client,
  args: Args,
  services: Services,
  from: Side,
  to: Side,
  timeout: number,
): void {
  const [source, destination] = [args.str(1), args.str(2)];
  if (client.isExecuting && client.database.list(source) === undefined) {
    client.reply.nil();
    return;
  }
  const take: Take = ({ database, reply }) => reply.bulkOrNull(move(database, source, destination, from, to));
  takeOrWait(client, [source], timeout, take, services);
}

function blockingMultiPop(client: Client, args: Args, services: Services): void {
  const timeout = parseTimeout(args, 1);
  const { keys, side, count } = parseMultiPop(args, 2);
  const take: Take = ({ database, reply }, key, list) => {
    const values = pop(database, key, list, side, count);
    reply.array(2);
    reply.text(key);
    reply.bulks(values);
  };
  takeOrWait(client, keys, timeout, take, services);
}

export const BLOCKING_COMMANDS: readonly Command[] = [
  { ...writer('blpop', -3, blockingPop('LEFT')), isGrowing: false },
  { ...writer('brpop', -3, blockingPop('RIGHT')), isGrowing: false },
  writer('blmove', 6, (client, args, services) => {
    const [from, to] = [parseSide(args, 3), parseSide(args, 4)];
    blockingMove(client, args, services, from, to, parseTimeout(args, 5));
  }),
  writer('brpoplpush', 4, (client, args, services) =>
    blockingMove(client, args, services, 'RIGHT', 'LEFT', parseTimeout(args, 3)),
  ),
  { ...writer('blmpop', -5, blockingMultiPop), isGrowing: false },
];
