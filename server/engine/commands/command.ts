import type { Client } from '../client.ts';
import type { Clients } from '../clients.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { PubSub } from '../pubsub.ts';
import type { Args } from '../resp/args.ts';
import type { ScriptTable } from '../scripts/table.ts';

/** What commands work with. */
export interface Services {
  readonly keyspace: Keyspace;
  readonly clients: Clients;
  readonly pubsub: PubSub;
  readonly scripts: ScriptTable;
  readonly auth: Authenticator;
  /** Sections for INFO that the engine knows. */
  readonly facts: EngineFacts;
  /** A client waits no more. When it `hasChanged` data, its reply waits for the log like that of any command. */
  wake(client: Client, hasChanged: boolean): void;
}

export interface Authenticator {
  readonly isRequired: boolean;
  accepts(user: string, password: string): boolean;
}

export interface EngineFacts {
  readonly port: number;
  readonly startedAt: number;
  readonly maxMemoryBytes: number;
  readonly dataDir: string | null;
  commandsProcessed(): number;
  logBytes(): number;
  isLogHealthy(): boolean;
}

export type Run = (client: Client, args: Args, services: Services) => void;

export interface CommandFlags {
  /** Changes data: refused when the log cannot be written. */
  isWrite?: boolean;
  /** Needs memory: refused when there is none left. */
  isGrowing?: boolean;
  /** Only reads: its keys are remembered for client tracking. First and last argument that is a key (last may be negative: from the end) and the step. */
  reads?: readonly [first: number, last: number, step: number];
  /** Allowed before login. */
  isOpen?: boolean;
  /** Allowed to a RESP2 client that has subscribed. */
  isPubSub?: boolean;
  /** Runs at once between MULTI and EXEC. */
  isImmediate?: boolean;
  /** Refused between MULTI and EXEC. */
  isNotQueueable?: boolean;
}

export interface Command extends CommandFlags {
  /** Lower case; of a subcommand `container|name`. */
  readonly name: string;
  /** Number of arguments with the name; negative: at least that many. */
  readonly arity: number;
  readonly run: Run;
  /** A container has these instead, by lower-case name. */
  readonly subcommands?: ReadonlyMap<string, Command>;
}

export function command(name: string, arity: number, run: Run, flags: CommandFlags = {}): Command {
  return { name, arity, run, ...flags };
}

const FIRST: readonly [number, number, number] = [1, 1, 1];

/** A command that reads its first argument. */
export function reader(name: string, arity: number, run: Run, reads = FIRST): Command {
  return { name, arity, run, reads };
}

/** A command that may add data. */
export function writer(name: string, arity: number, run: Run): Command {
  return { name, arity, run, isWrite: true, isGrowing: true };
}

/** A command that changes data without adding any. */
export function remover(name: string, arity: number, run: Run): Command {
  return { name, arity, run, isWrite: true };
}

/** A command whose second word names what it does. */
export function container(name: string, subcommands: readonly Command[], flags: CommandFlags = {}): Command {
  const table = new Map(subcommands.map((sub) => [sub.name.slice(name.length + 1), sub]));
  return { name, arity: -2, run: () => {}, subcommands: table, ...flags };
}
