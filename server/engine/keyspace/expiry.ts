import type { Database } from './database.ts';
import type { Keyspace } from './keyspace.ts';

const PERIOD_MS = 100;
const BATCH = 500;
const BUDGET_MS = 5;

/**
 * Removes expired keys that nobody asks for. Ten times a second it looks at the next few hundred keys that have a time
 * to live, and goes on for up to 5 ms while a tenth of them or more had expired.
 */
export class ActiveExpiry {
  readonly #keyspace: Keyspace;
  readonly #afterwards: () => void;
  readonly #cursors = new Map<Database, IterableIterator<string>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(keyspace: Keyspace, afterwards: () => void) {
    this.#keyspace = keyspace;
    this.#afterwards = afterwards;
  }

  start(): void {
    this.#timer = setInterval(() => this.run(), PERIOD_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  run(): void {
    if (this.#keyspace.isFrozen) return;
    const until = performance.now() + BUDGET_MS;
    for (const database of this.#keyspace.databases) {
      while (database.expiring.size > 0 && this.#sweep(database) > BATCH / 10 && performance.now() < until);
    }
    this.#afterwards();
  }

  #sweep(database: Database): number {
    let cursor = this.#cursors.get(database) ?? database.expiring.values();
    let expired = 0;
    for (let i = 0; i < BATCH; i += 1) {
      const next = cursor.next();
      if (next.done === true) {
        cursor = database.expiring.values();
        break;
      }
      if (database.find(next.value) === undefined) expired += 1;
    }
    this.#cursors.set(database, cursor);
    return expired;
  }
}
