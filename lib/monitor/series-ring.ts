import type { Series } from '../contract/records.ts';

/** The last `capacity` steps of one figure; the newest value of a step wins, steps without one are null. */
export class SeriesRing {
  readonly stepSeconds: number;
  readonly #points: (number | null)[];
  #newest = Number.NEGATIVE_INFINITY;

  constructor(stepSeconds: number, capacity: number) {
    this.stepSeconds = stepSeconds;
    this.#points = new Array<number | null>(capacity).fill(null);
  }

  set(at: number, value: number | null): void {
    const step = Math.floor(at / this.stepSeconds);
    if (!Number.isFinite(step) || step <= this.#newest - this.#points.length) return;
    if (step > this.#newest) this.#forward(step);
    this.#points[mod(step, this.#points.length)] = value;
  }

  /** Points up to `now`, leading unknown ones left out. */
  toSeries(now: number): Series {
    const end = Math.floor(now / this.stepSeconds);
    const capacity = this.#points.length;
    const points: (number | null)[] = [];
    for (let step = end - capacity + 1; step <= end; step += 1) {
      const isKept = step <= this.#newest && step > this.#newest - capacity;
      const value = isKept ? (this.#points[mod(step, capacity)] ?? null) : null;
      if (value !== null || points.length > 0) points.push(value);
    }
    return { stepSeconds: this.stepSeconds, end: end * this.stepSeconds, points };
  }

  #forward(step: number): void {
    const gap = Math.min(step - this.#newest, this.#points.length);
    for (let skipped = 0; skipped < gap; skipped += 1) {
      this.#points[mod(step - skipped, this.#points.length)] = null;
    }
    this.#newest = step;
  }
}

/** Counts per second over a short window. */
export class RateCounter {
  readonly #seconds: number;
  readonly #counts: Uint32Array;
  #newest = 0;

  constructor(seconds = 60) {
    this.#seconds = seconds;
    this.#counts = new Uint32Array(seconds + 1);
  }

  add(now: number, count = 1): void {
    this.#forward(now);
    const index = this.#newest % this.#counts.length;
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
  }

  /** Count of the whole seconds of the window before the running one. */
  count(now: number): number {
    this.#forward(now);
    let sum = 0;
    for (let back = 1; back <= this.#seconds; back += 1) {
      sum += this.#counts[mod(this.#newest - back, this.#counts.length)] ?? 0;
    }
    return sum;
  }

  perSecond(now: number): number {
    return this.count(now) / this.#seconds;
  }

  #forward(now: number): void {
    const second = Math.floor(now);
    const gap = Math.min(second - this.#newest, this.#counts.length);
    for (let skipped = 0; skipped < gap; skipped += 1) {
      this.#counts[mod(second - skipped, this.#counts.length)] = 0;
    }
    if (second > this.#newest) this.#newest = second;
  }
}

function mod(value: number, size: number): number {
  return ((value % size) + size) % size;
}
