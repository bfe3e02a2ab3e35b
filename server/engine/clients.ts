import { Client, type Outlet } from './client.ts';
import type { Keyspace } from './keyspace/keyspace.ts';

const INVALIDATE = '__redis__:invalidate';

/** All connected clients, by id. */
export class Clients {
  readonly #keyspace: Keyspace;
  readonly #all = new Map<number, Client>();
  /** Clients with something to send that is no answer to their own command. */
  readonly #touched = new Set<Client>();
  #lastId = 0;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  get size(): number {
    return this.#all.size;
  }

  get lastId(): number {
    return this.#lastId;
  }

  values(): IterableIterator<Client> {
    return this.#all.values();
  }

  get(id: number): Client | undefined {
    return this.#all.get(id);
  }

  connect(outlet: Outlet, isAuthenticated: boolean): Client {
    this.#lastId += 1;
    const client = new Client(
      this.#lastId,
      outlet,
      this.#keyspace.database(0),
      isAuthenticated,
      (source, keys) => this.#invalidate(source, keys),
    );
    this.#all.set(client.id, client);
    return client;
  }

  /** Forgets a client whose connection has gone. */
  disconnect(client: Client): void {
    this.#all.delete(client.id);
    this.#touched.delete(client);
    client.block?.drop();
    client.discard();
    if (client.tracking !== null) this.#keyspace.tracking.close(client.tracking);
    client.tracking = null;
  }

  /** Notes that something was written for `client` outside its own command. */
  touch(client: Client): void {
    this.#touched.add(client);
  }

  /** Sends what was written for others. */
  flushTouched(): void {
    if (this.#touched.size === 0) return;
    for (const client of this.#touched) client.outlet.flush();
    this.#touched.clear();
  }

  /** Tells a tracking client, or whom it redirects to, that keys have changed (tracking.c, sendTrackingMessage). */
  #invalidate(source: Client, keys: readonly string[] | null): void {
    const redirect = source.tracking?.options.redirect ?? 0;
    const target = redirect === 0 ? source : this.#all.get(redirect);
    if (target === undefined) {
      this.#reportBroken(source, redirect);
      return;
    }
    const { reply } = target;
    if (reply.protocol === 3) {
      reply.push(2);
      reply.text('invalidate');
    } else {
      if (redirect === 0 || target.subscriptions === 0) return;
      reply.raw(`*3\r\n$7\r\nmessage\r\n$${INVALIDATE.length}\r\n${INVALIDATE}\r\n`);
    }
    if (keys !== null) reply.texts(keys);
    else reply.raw(source.reply.protocol === 3 ? '_\r\n' : '$-1\r\n');
    this.touch(target);
  }

  #reportBroken(source: Client, redirect: number): void {
    if (source.tracking !== null) source.tracking.isBroken = true;
    if (source.reply.protocol !== 3) return;
    source.reply.push(2);
    source.reply.text('tracking-redir-broken');
    source.reply.integer(redirect);
    this.touch(source);
  }
}
