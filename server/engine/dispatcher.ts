import { toError } from '../../lib/contract/errors.ts';
import type { Logger } from '../../lib/util/logger.ts';
import type { Client } from './client.ts';
import type { Command, Services } from './commands/command.ts';
import type { Args } from './resp/args.ts';
import { NO_AUTH, OUT_OF_MEMORY, ReplyError, wrongArity } from './resp/reply-error.ts';

/** What the dispatcher asks the log. */
export interface LogState {
  /** Number of the batch that is being filled. */
  readonly openBatch: number;
  /** Counts changes: moves when a command has made one. */
  readonly effects: number;
  /** Why writes are refused now; null when they are not. */
  readonly refusal: string | null;
}

/** Finds the command, checks whether it may run now, runs it or queues it (server.c, processCommand). */
export class Dispatcher {
  readonly #table: ReadonlyMap<string, Command>;
  readonly #services: Services;
  readonly #log: LogState;
  readonly #logger: Logger;
  #processed = 0;

  constructor(table: readonly Command[], services: Services, log: LogState, logger: Logger) {
    const names = table.flatMap((item): [string, Command][] => [
      [item.name, item],
      [item.name.toUpperCase(), item],
    ]);
    this.#table = new Map(names);
    this.#services = services;
    this.#log = log;
    this.#logger = logger;
  }

  get processed(): number {
    return this.#processed;
  }

  /** Runs one command; its reply, if it has one now, is in `client.reply` afterwards. */
  execute(client: Client, args: Args): void {
    this.#processed += 1;
    client.reply.count += 1;
    const { keyspace } = this.#services;
    const before = this.#log.effects;
    keyspace.tracking.current = client.tracking;
    const command = this.#admit(client, args);
    if (command === undefined) reject(client);
    else if (client.queue !== null && command.isImmediate !== true) this.#queue(client, command, args);
    else this.#run(client, command, args);
    keyspace.tracking.tellOwn();
    keyspace.tracking.current = null;
    if (this.#log.effects !== before) client.awaitedBatch = this.#log.openBatch;
    if (keyspace.blocking.hasReady) keyspace.blocking.serve();
  }

  /** The command, if it may run now; undefined when it was refused. */
  #admit(client: Client, args: Args): Command | undefined {
    client.lastCommand = '';
    try {
      const command = this.#find(args);
      client.lastCommand = command.name;
      this.#check(client, command);
      return command;
    } catch (thrown) {
      this.#fail(client, thrown);
      return undefined;
    }
  }

  #run(client: Client, command: Command, args: Args): void {
    try {
      command.run(client, args, this.#services);
    } catch (thrown) {
      this.#fail(client, thrown);
    }
    if (client.tracking !== null && command.reads !== undefined) this.#remember(command.reads, args);
  }

  #queue(client: Client, command: Command, args: Args): void {
    const copy = args.detach();
    client.queue?.commands.push(() => this.#run(client, command, copy));
    if (client.queue !== null && command.isWrite === true) client.queue.hasWrites = true;
    client.reply.status('QUEUED');
  }

  #find(args: Args): Command {
    const name = args.str(0);
    const found = this.#table.get(name) ?? this.#table.get(name.toLowerCase());
    if (found === undefined) throw unknownCommand(name, args);
    checkArity(found, args);
    if (found.subcommands === undefined) return found;
    const word = args.str(1);
    const sub = found.subcommands.get(word.toLowerCase());
    if (sub === undefined) {
      throw new ReplyError(
        `ERR unknown subcommand '${word.slice(0, 128)}'. Try ${found.name.toUpperCase()} HELP.`,
      );
    }
    checkArity(sub, args);
    return sub;
  }

  #check(client: Client, command: Command): void {
    if (!client.isAuthenticated && command.isOpen !== true) throw new ReplyError(NO_AUTH);
    if (client.queue !== null && command.isNotQueueable === true) {
      throw new ReplyError('ERR Command not allowed inside a transaction');
    }
    if (command.isGrowing === true) this.#checkMemory();
    const isWrite = command.isWrite === true || (command.name === 'exec' && client.queue?.hasWrites === true);
    if (isWrite && this.#log.refusal !== null) throw new ReplyError(this.#log.refusal);
    if (client.subscriptions > 0 && client.reply.protocol === 2 && command.isPubSub !== true) {
      throw new ReplyError(
        `ERR Can't execute '${command.name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
      );
    }
  }

  #checkMemory(): void {
    const limit = this.#services.facts.maxMemoryBytes;
    if (limit > 0 && this.#services.keyspace.usedBytes > limit) throw new ReplyError(OUT_OF_MEMORY);
  }

  #remember([first, last, step]: readonly [number, number, number], args: Args): void {
    const end = last < 0 ? args.length + last : last;
    for (let i = first; i <= end; i += step) this.#services.keyspace.tracking.read(args.str(i));
  }

  #fail(client: Client, thrown: unknown): void {
    if (thrown instanceof ReplyError) {
      client.reply.error(thrown.message);
      return;
    }
    const error = toError(thrown);
    this.#logger.error(`Engine: ${client.lastCommand} failed: ${error.stack ?? error.message}`);
    client.reply.error(`ERR internal error in '${client.lastCommand}'; see the engine's log`);
  }
}

/** A command refused between MULTI and EXEC spoils the transaction; a refused EXEC ends it. */
function reject(client: Client): void {
  if (client.queue === null) return;
  if (client.lastCommand === 'exec') client.discard();
  else client.isAborted = true;
}

function checkArity(command: Command, args: Args): void {
  const isRight = command.arity < 0 ? args.length >= -command.arity : args.length === command.arity;
  if (!isRight) throw wrongArity(command.name);
}

function unknownCommand(name: string, args: Args): ReplyError {
  let shown = '';
  for (let i = 1; i < args.length && shown.length < 128; i += 1) {
    shown += `'${args.str(i).slice(0, 128 - shown.length)}' `;
  }
  return new ReplyError(`ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${shown}`);
}
