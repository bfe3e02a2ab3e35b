import type { Socket } from 'node:net';
import type { Service } from '../../lib/util/service.ts';
import { PasswordAuth } from './auth.ts';
import type { Client, Outlet } from './client.ts';
import { Clients } from './clients.ts';
import { allCommands } from './commands/all.ts';
import type { EngineFacts, Services } from './commands/command.ts';
import { Dispatcher } from './dispatcher.ts';
import { ActiveExpiry } from './keyspace/expiry.ts';
import { Keyspace } from './keyspace/keyspace.ts';
import { Listener } from './listener.ts';
import { Journal } from './log/journal.ts';
import { NoStorage, type Storage } from './log/storage.ts';
import { type EngineOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { PubSub } from './pubsub.ts';
import type { Args } from './resp/args.ts';
import { type Committable, Connection, type ConnectionHost } from './resp/connection.ts';
import { NATIVE_SCRIPTS } from './scripts/natives.ts';
import { ScriptTable } from './scripts/table.ts';

/**
 * The embedded queue server: Redis' protocol over TCP and a unix socket, data in memory, changes in a log.
 * Composes its parts and connects them; owns its sockets, its timers and its data directory until {@link stop}.
 */
export class Engine implements Service {
  readonly #options: ResolvedOptions;
  readonly #keyspace = new Keyspace();
  readonly #clients = new Clients(this.#keyspace);
  readonly #pubsub = new PubSub(this.#clients);
  readonly #storage: Storage;
  readonly #dispatcher: Dispatcher;
  readonly #auth: PasswordAuth;
  readonly #expiry = new ActiveExpiry(this.#keyspace, () => this.#settle());
  readonly #listeners: Listener[] = [];
  readonly #startedAt = Date.now();
  /** Clients that wait no more and may have sent further commands meanwhile. */
  #woken: Client[] = [];
  #port = 0;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    this.#options = resolveOptions(options);
    this.#auth = new PasswordAuth(this.#options.password);
    this.#storage = this.#createStorage();
    this.#dispatcher = new Dispatcher(allCommands(), this.#services(), this.#storage, this.#options.logger);
  }

  /** The TCP port, once started. */
  get port(): number {
    return this.#port;
  }

  /** `redis://host:port/0`, without the password. */
  get url(): string {
    const { host } = this.#options;
    return `redis://${host.includes(':') ? `[${host}]` : host}:${this.#port}/0`;
  }

  /** Loads the data and listens. Throws `conflict` when the port or the data directory is in use. */
  start(): Promise<void> {
    this.#starting ??= this.#begin();
    return this.#starting;
  }

  /** Ends all connections and writes what is left of the log. */
  async stop(): Promise<void> {
    if (this.#starting === undefined) return;
    // Its failure is told to whoever started.
    await this.#starting.catch(() => {});
    await this.#shutDown();
  }

  async #begin(): Promise<void> {
    const { host, port, socketPath } = this.#options;
    try {
      await this.#storage.open();
      this.#keyspace.sink = this.#storage.sink;
      const tcp = this.#listener({ host, port }, null);
      await tcp.start();
      this.#port = tcp.port;
      if (socketPath !== null) await this.#listener({ path: socketPath }, socketPath).start();
    } catch (thrown) {
      await this.#shutDown();
      throw thrown;
    }
    this.#expiry.start();
  }

  #shutDown(): Promise<void> {
    this.#stopping ??= (async () => {
      this.#expiry.stop();
      await this.#storage.drain();
      await Promise.all(this.#listeners.map((listener) => listener.stop()));
      await this.#storage.close();
    })();
    return this.#stopping;
  }

  #createStorage(): Storage {
    const { dataDir, fsync, logger, rewriteMinBytes } = this.#options;
    if (dataDir === null) return new NoStorage();
    return new Journal(this.#keyspace, {
      dataDir,
      fsync,
      logger,
      rewriteMinBytes,
      onResume: () => this.#settle(),
    });
  }

  #listener(endpoint: { host: string; port: number } | { path: string }, path: string | null): Listener {
    const host = this.#connectionHost();
    const listener = new Listener(endpoint, (socket: Socket) => {
      // The client registry holds it until the socket closes.
      new Connection(socket, host, path);
    });
    this.#listeners.push(listener);
    return listener;
  }

  #connectionHost(): ConnectionHost {
    const storage = this.#storage;
    return {
      connect: (outlet: Outlet) => this.#clients.connect(outlet, !this.#auth.isRequired),
      disconnect: (client) => {
        this.#pubsub.leave(client);
        this.#clients.disconnect(client);
      },
      execute: (client: Client, args: Args) => {
        this.#dispatcher.execute(client, args);
        storage.mark();
      },
      settle: () => this.#settle(),
      awaitCommit: (waiter: Committable) => storage.awaitCommit(waiter),
      get durableBatch() {
        return storage.durableBatch;
      },
      get logBacklog() {
        return storage.backlog;
      },
    };
  }

  /** Sends what others got by the last event, and goes on with clients that wait no more. */
  #settle(): void {
    const { tracking, blocking } = this.#keyspace;
    if (blocking.hasReady) blocking.serve();
    tracking.tellBroadcasts();
    this.#clients.flushTouched();
    while (this.#woken.length > 0) {
      const woken = this.#woken;
      this.#woken = [];
      for (const client of woken) client.outlet.resume();
      tracking.tellBroadcasts();
      this.#clients.flushTouched();
    }
  }

  #wake(client: Client, hasChanged: boolean): void {
    if (hasChanged) client.awaitedBatch = this.#storage.openBatch;
    if (this.#woken.length === 0) queueMicrotask(() => this.#settle());
    this.#woken.push(client);
  }

  #services(): Services {
    return {
      keyspace: this.#keyspace,
      clients: this.#clients,
      pubsub: this.#pubsub,
      scripts: new ScriptTable(NATIVE_SCRIPTS),
      auth: this.#auth,
      facts: this.#facts(),
      wake: (client, hasChanged) => this.#wake(client, hasChanged),
    };
  }

  #facts(): EngineFacts {
    const port = (): number => this.#port;
    return {
      get port() {
        return port();
      },
      startedAt: this.#startedAt,
      maxMemoryBytes: this.#options.maxMemoryBytes,
      dataDir: this.#options.dataDir,
      commandsProcessed: () => this.#dispatcher.processed,
      logBytes: () => this.#storage.size,
      isLogHealthy: () => this.#storage.refusal === null,
    };
  }
}
