import { nowSeconds } from '../util/clock.ts';

const MAX_REVOKED = 50_000;
const EXPIRES_SECONDS = 10_800;

export interface LimitedSetOptions {
  /** Default 50,000. */
  readonly max?: number;
  /** Default 3 hours. */
  readonly expiresSeconds?: number;
  readonly now?: () => number;
}

/**
 * Ids of revoked tasks with the time each was added (celery/worker/state.py `revoked`). Bounded twice: the oldest go
 * when there are too many, and each goes when it is too old.
 */
export class LimitedSet {
  readonly #added = new Map<string, number>();
  readonly #max: number;
  readonly #expiresSeconds: number;
  readonly #now: () => number;

  constructor({
    max = MAX_REVOKED,
    expiresSeconds = EXPIRES_SECONDS,
    now = nowSeconds,
  }: LimitedSetOptions = {}) {
    this.#max = max;
    this.#expiresSeconds = expiresSeconds;
    this.#now = now;
  }

  get size(): number {
    return this.#added.size;
  }

  /** Adds an id or makes it young again. `at` is when another worker added it. */
  add(id: string, at: number = this.#now()): void {
    this.#added.delete(id);
    this.#added.set(id, at);
    this.#purge();
  }

  has(id: string): boolean {
    const at = this.#added.get(id);
    return at !== undefined && this.#now() - at < this.#expiresSeconds;
  }

  ids(): string[] {
    this.#purge();
    return [...this.#added.keys()];
  }

  entries(): [string, number][] {
    this.#purge();
    return [...this.#added];
  }

  #purge(): void {
    const oldest = this.#now() - this.#expiresSeconds;
    for (const [id, at] of this.#added) {
      if (this.#added.size <= this.#max && at > oldest) return;
      this.#added.delete(id);
    }
  }
}
