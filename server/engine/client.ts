import type { Database, Watcher } from './keyspace/database.ts';
import type { TrackingClient, TrackingSession } from './keyspace/tracking.ts';
import { Reply } from './resp/reply.ts';

/** Commands waiting for EXEC. */
export interface Transaction {
  readonly commands: (() => void)[];
  hasWrites: boolean;
}

/** The wire side of a client. */
export interface Outlet {
  /** `address:port`, or the path of the unix socket. */
  readonly remote: string;
  readonly local: string;
  /** Sends what the client's {@link Reply} holds, when it may be sent. */
  flush(): void;
  /** Goes on with commands that were received while the client was blocked. */
  resume(): void;
  /** Ends the connection after what is waiting has been sent. */
  end(): void;
  /** Ends the connection at once. */
  destroy(): void;
  readonly pendingBytes: number;
}

export interface WatchedKey {
  readonly database: Database;
  readonly key: string;
  readonly wasExpired: boolean;
}

/** A blocking command in progress. */
export interface Block {
  /** Ends the wait with a null reply, or with an error. */
  cancel(error?: string): void;
  /** Ends the wait without any reply: the connection has gone. */
  drop(): void;
}

/** What the server keeps about one connection. Lives as long as the connection. */
export class Client implements TrackingClient, Watcher {
  readonly id: number;
  readonly outlet: Outlet;
  readonly reply = new Reply();
  readonly createdAt = Date.now();
  /** Who to tell when a message for another client is to be invalidated; set by the registry. */
  readonly #deliver: (client: Client, keys: readonly string[] | null) => void;
  name = '';
  libraryName = '';
  libraryVersion = '';
  database: Database;
  isAuthenticated: boolean;
  /** No further command is read; the connection closes when its replies are sent. */
  isClosing = false;
  lastCommand = '';
  lastActiveAt = Date.now();
  /** Commands queued since MULTI; null outside. */
  queue: Transaction | null = null;
  /** A command was refused while queueing: EXEC will fail. */
  isAborted = false;
  /** EXEC is running: nothing blocks. */
  isExecuting = false;
  watched: WatchedKey[] = [];
  /** A watched key has changed. */
  isDirty = false;
  block: Block | null = null;
  tracking: TrackingSession | null = null;
  readonly channels = new Set<string>();
  readonly patterns = new Set<string>();
  /** The log batch that must be on disk before this client's replies go out. */
  awaitedBatch = 0;

  constructor(
    id: number,
    outlet: Outlet,
    database: Database,
    isAuthenticated: boolean,
    deliver: (client: Client, keys: readonly string[] | null) => void,
  ) {
    this.id = id;
    this.outlet = outlet;
    this.database = database;
    this.isAuthenticated = isAuthenticated;
    this.#deliver = deliver;
  }

  get subscriptions(): number {
    return this.channels.size + this.patterns.size;
  }

  invalidate(keys: readonly string[] | null): void {
    this.#deliver(this, keys);
  }

  /** Forgets the transaction, if any. */
  discard(): void {
    this.queue = null;
    this.isAborted = false;
    this.unwatch();
  }

  watch(database: Database, key: string): void {
    if (this.watched.some((item) => item.database === database && item.key === key)) return;
    const wasExpired = isExpired(database, key);
    this.watched.push({ database, key, wasExpired });
    const watchers = database.watching.get(key);
    if (watchers === undefined) database.watching.set(key, new Set([this]));
    else watchers.add(this);
  }

  unwatch(): void {
    for (const { database, key } of this.watched) {
      const watchers = database.watching.get(key);
      watchers?.delete(this);
      if (watchers?.size === 0) database.watching.delete(key);
    }
    this.watched = [];
    this.isDirty = false;
  }

  /** Whether a watched key has changed, or expired, since WATCH. */
  get mustAbort(): boolean {
    return (
      this.isDirty || this.watched.some((item) => !item.wasExpired && isExpired(item.database, item.key))
    );
  }
}

function isExpired(database: Database, key: string): boolean {
  const entry = database.entries.get(key);
  return entry !== undefined && entry.expiresAt !== 0 && database.host.hasPassed(entry.expiresAt);
}
