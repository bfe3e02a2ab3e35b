import { UmbelError } from '../contract/errors.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/**
 * Tasks per second for `"5/s"`, `"10/m"`, `"100/h"` or a plain number (celery/utils/time.py `rate`); 0 means no limit.
 * Throws `UmbelError('bad_request')` for anything else.
 */
export function parseRate(rate: string | number | null): number {
  if (rate === null || rate === '') return 0;
  const [count = '', unit = 's'] = String(rate).split('/');
  const perUnit = Number(count);
  const seconds = UNIT_SECONDS[unit.trim()];
  if (count.trim() === '' || !(perUnit >= 0) || seconds === undefined) {
    throw new UmbelError('bad_request', `Invalid rate limit "${rate}". Write 5/s, 10/m, 100/h or a number.`);
  }
  return perUnit / seconds;
}

/** Lets one task through at a time, `perSecond` in the long run (kombu/utils/limits.py, capacity 1). */
export class TokenBucket {
  readonly perSecond: number;
  readonly #nowMs: () => number;
  #tokens = 1;
  #at: number;

  constructor(perSecond: number, nowMs: () => number = () => performance.now()) {
    this.perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#at = nowMs();
  }

  /** Takes a token when there is one: 0; else milliseconds until there will be. */
  take(): number {
    const now = this.#nowMs();
    this.#tokens = Math.min(1, this.#tokens + ((now - this.#at) / 1000) * this.perSecond);
    this.#at = now;
    // A hair below one token is one: floating point must not cost a whole extra wait.
    if (this.#tokens < 1 - 1e-9) return ((1 - this.#tokens) / this.perSecond) * 1000;
    this.#tokens = 0;
    return 0;
  }
}
