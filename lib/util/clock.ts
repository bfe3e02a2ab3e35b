import { randomUUID } from 'node:crypto';

/** Wall time as Celery writes it: seconds since the epoch, as a float. */
export function nowSeconds(): number {
  return Date.now() / 1000;
}

/** The longest time that a timer of Node waits, 24.8 days, in milliseconds: a longer one would end at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** A fresh task id: UUID 4, lower case. */
export function uuid(): string {
  return randomUUID();
}

/** Ids like UUIDs that cost less each: the first part is random, the last counts. */
export class UuidSeries {
  readonly #first = randomUUID().slice(0, 24);
  #count = 0;

  next(): string {
    this.#count += 1;
    return this.#first + this.#count.toString(16).padStart(12, '0');
  }
}

/**
 * Lamport clock shared by all events and control messages of one process (kombu/clocks.py).
 * `forward` before sending; `adjust` with the value of each message received.
 */
export class LamportClock {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  forward(): number {
    this.#value += 1;
    return this.#value;
  }

  adjust(other: number): number {
    this.#value = Math.max(this.#value, other) + 1;
    return this.#value;
  }
}
