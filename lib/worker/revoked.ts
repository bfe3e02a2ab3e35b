import { UmbelError } from '../contract/errors.ts';
import { MAX_REVOKED, REVOKED_SECONDS } from '../transport/revoked-limits.ts';
import { nowSeconds } from '../util/clock.ts';

/** Looking for what is too old at every `add` would cost more than it frees. */
const PURGE_EVERY_SECONDS = 1;

export interface LimitedSetOptions {
  /** Default 50,000. */
  readonly max?: number;
  /** Default 3 hours. */
  readonly expiresSeconds?: number;
  readonly now?: () => number;
}

/** Celery's bounds from the environment: `CELERY_WORKER_REVOKES_MAX`, `CELERY_WORKER_REVOKE_EXPIRES` (seconds). */
export function revokedLimits(
  env: Readonly<Record<string, string | undefined>> = process.env,
): LimitedSetOptions {
  return {
    max: numberFrom(env, 'CELERY_WORKER_REVOKES_MAX', MAX_REVOKED),
    expiresSeconds: numberFrom(env, 'CELERY_WORKER_REVOKE_EXPIRES', REVOKED_SECONDS),
  };
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
  #purgedAt = Number.NEGATIVE_INFINITY;
  #changes = 0;

  constructor({
    max = MAX_REVOKED,
    expiresSeconds = REVOKED_SECONDS,
    now = nowSeconds,
  }: LimitedSetOptions = {}) {
    this.#max = max;
    this.#expiresSeconds = expiresSeconds;
    this.#now = now;
  }

  /** At least this many; a little more than the limit until they are asked for. */
  get size(): number {
    return this.#added.size;
  }

  /** Rises with each change, for who saves it. */
  get changes(): number {
    return this.#changes;
  }

  /** Adds an id or makes it young again. `at` is when another worker added it. */
  add(id: string, at: number = this.#now()): void {
    this.#added.delete(id);
    this.#added.set(id, at);
    this.#changes += 1;
    // Far too many: dropped a tenth at a time, because a map walks over the gaps of what was deleted before.
    const isFull = this.#added.size > this.#max * 1.1;
    if (isFull || Math.abs(this.#now() - this.#purgedAt) > PURGE_EVERY_SECONDS) this.#purge();
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
    this.#purgedAt = this.#now();
    const oldest = this.#purgedAt - this.#expiresSeconds;
    for (const [id, at] of this.#added) {
      if (this.#added.size <= this.#max && at > oldest) return;
      this.#added.delete(id);
    }
  }
}

function numberFrom(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  fallback: number,
): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (value >= 0) return value;
  throw new UmbelError('bad_config', `${name} is "${text}", but must be a number from 0.`);
}
