const MAX_KEYS = 1_000_000;

/** Who is told; `keys` is null when everything was flushed. */
export interface TrackingClient {
  invalidate(keys: readonly string[] | null): void;
}

export interface TrackingOptions {
  /** Id of the client that is told instead; 0: the client itself. */
  redirect: number;
  /** Do not tell a client of its own changes. */
  isNoLoop: boolean;
  /** Tell of every change to keys with these beginnings; null: of keys that were read. */
  prefixes: readonly string[] | null;
}

/** One client's `CLIENT TRACKING ON`. Ends with `OFF`, `RESET` or the connection. */
export class TrackingSession {
  readonly options: TrackingOptions;
  readonly client: TrackingClient;
  /** The redirection target has gone. */
  isBroken = false;
  isActive = true;

  constructor(client: TrackingClient, options: TrackingOptions) {
    this.client = client;
    this.options = options;
  }
}

/**
 * Server-assisted caching (tracking.c): which sessions read which keys. The first change to a key tells them and
 * forgets the key. Holds at most a million keys: beyond that the oldest is invalidated to make room.
 */
export class Tracking {
  /** The session of the client whose command is running. */
  current: TrackingSession | null = null;
  readonly #readers = new Map<string, Set<TrackingSession>>();
  readonly #sessions = new Set<TrackingSession>();
  readonly #broadcasting = new Set<TrackingSession>();
  /** Changes to tell the running client of, after its reply. */
  #own: (string | null)[] = [];
  /** Per session and prefix, changes to tell of at the end of the event. */
  readonly #broadcasts = new Map<TrackingSession, Map<string, Set<string>>>();

  get isIdle(): boolean {
    return this.#sessions.size === 0;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  get keys(): number {
    return this.#readers.size;
  }

  open(client: TrackingClient, options: TrackingOptions): TrackingSession {
    const session = new TrackingSession(client, options);
    this.#sessions.add(session);
    if (options.prefixes !== null) this.#broadcasting.add(session);
    return session;
  }

  close(session: TrackingSession): void {
    session.isActive = false;
    this.#sessions.delete(session);
    this.#broadcasting.delete(session);
    this.#broadcasts.delete(session);
    if (this.current === session) this.current = null;
    if (this.#sessions.size === 0) this.#readers.clear();
  }

  /** The running client has read `key`. */
  read(key: string): void {
    const session = this.current;
    if (session === null || session.options.prefixes !== null) return;
    const readers = this.#readers.get(key);
    if (readers !== undefined) {
      readers.add(session);
      return;
    }
    this.#readers.set(key, new Set([session]));
    if (this.#readers.size > MAX_KEYS) this.#evict();
  }

  changed(key: string): void {
    if (this.#broadcasting.size > 0) this.#broadcast(key);
    const readers = this.#readers.get(key);
    if (readers === undefined) return;
    this.#readers.delete(key);
    for (const session of readers) {
      if (!session.isActive) continue;
      if (session !== this.current) session.client.invalidate([key]);
      else if (!session.options.isNoLoop) this.#own.push(key);
    }
  }

  flushed(): void {
    this.#readers.clear();
    for (const session of this.#sessions) {
      if (session === this.current) this.#own.push(null);
      else session.client.invalidate(null);
    }
  }

  /** Tells the running client of its own changes: they come after its reply. */
  tellOwn(): void {
    if (this.#own.length === 0) return;
    const pending = this.#own;
    this.#own = [];
    for (const key of pending) this.current?.client.invalidate(key === null ? null : [key]);
  }

  tellBroadcasts(): void {
    if (this.#broadcasts.size === 0) return;
    for (const [session, prefixes] of this.#broadcasts) {
      for (const keys of prefixes.values()) session.client.invalidate([...keys]);
    }
    this.#broadcasts.clear();
  }

  #broadcast(key: string): void {
    for (const session of this.#broadcasting) {
      if (session === this.current && session.options.isNoLoop) continue;
      const prefix = session.options.prefixes?.find((start) => key.startsWith(start));
      if (prefix === undefined) continue;
      const pending = this.#broadcasts.get(session) ?? new Map<string, Set<string>>();
      this.#broadcasts.set(session, pending.set(prefix, (pending.get(prefix) ?? new Set()).add(key)));
    }
  }

  #evict(): void {
    const oldest = this.#readers.keys().next();
    if (oldest.done !== true) this.changed(oldest.value);
  }
}
