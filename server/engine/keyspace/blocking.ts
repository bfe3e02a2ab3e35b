import type { ListEntry } from './list-entry.ts';

/** A client that waits for an element in one of several lists. */
export interface Waiter {
  /** Number of the database. */
  readonly database: number;
  readonly keys: readonly string[];
  /** `list` has an element: take it and stop waiting. */
  serve(key: string, list: ListEntry): void;
}

interface ReadyKey {
  database: number;
  key: string;
}

/**
 * Blocked clients (blocked.c). A list that comes to life is noted; after the command that did it has replied, those
 * who wait for it are served in the order in which they began to wait.
 */
export class Blocking {
  readonly #find: (database: number, key: string) => ListEntry | undefined;
  readonly #waiting: Map<string, Set<Waiter>>[];
  #ready: ReadyKey[] = [];
  #size = 0;

  constructor(databases: number, find: (database: number, key: string) => ListEntry | undefined) {
    this.#find = find;
    this.#waiting = Array.from({ length: databases }, () => new Map<string, Set<Waiter>>());
  }

  /** How many clients wait. */
  get size(): number {
    return this.#size;
  }

  get hasReady(): boolean {
    return this.#ready.length > 0;
  }

  add(waiter: Waiter): void {
    this.#size += 1;
    const waiting = this.#waiting[waiter.database];
    for (const key of waiter.keys) {
      const waiters = waiting?.get(key);
      if (waiters === undefined) waiting?.set(key, new Set([waiter]));
      else waiters.add(waiter);
    }
  }

  remove(waiter: Waiter): void {
    this.#size -= 1;
    const waiting = this.#waiting[waiter.database];
    for (const key of waiter.keys) {
      const waiters = waiting?.get(key);
      waiters?.delete(waiter);
      if (waiters?.size === 0) waiting?.delete(key);
    }
  }

  /** The list has come to life. */
  signal(database: number, key: string): void {
    if (this.#size > 0 && this.#waiting[database]?.has(key)) this.#ready.push({ database, key });
  }

  /** Looks at every awaited list again. */
  signalAll(): void {
    for (const [database, waiting] of this.#waiting.entries()) {
      for (const key of waiting.keys()) this.#ready.push({ database, key });
    }
  }

  discardReady(): void {
    this.#ready = [];
  }

  /** Serves until no list that came to life has both an element and a waiter; serving may bring others to life. */
  serve(): void {
    while (this.#ready.length > 0) {
      const ready = this.#ready;
      this.#ready = [];
      for (const item of ready) this.#serveKey(item);
    }
  }

  #serveKey({ database, key }: ReadyKey): void {
    const waiters = this.#waiting[database]?.get(key);
    if (waiters === undefined) return;
    for (const waiter of waiters) {
      const list = this.#find(database, key);
      if (list === undefined) return;
      waiter.serve(key, list);
    }
  }
}
