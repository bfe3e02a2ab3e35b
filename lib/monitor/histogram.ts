const FIRST = 0.001;
const GROWTH = 1.2;
const BUCKETS = 101;
const LOG_GROWTH = Math.log(GROWTH);

/**
 * Counts durations in seconds in buckets that grow by a fifth, from 1 ms to about a day, so that a quantile is right
 * within ten per cent whatever the number of values.
 */
export class Histogram {
  #counts: Uint32Array | null = null;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(seconds: number): void {
    if (!(seconds >= 0)) return;
    this.#counts ??= new Uint32Array(BUCKETS);
    const index = bucketOf(seconds);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  merge(other: Histogram): void {
    if (other.#counts === null) return;
    this.#counts ??= new Uint32Array(BUCKETS);
    for (let index = 0; index < BUCKETS; index += 1) {
      this.#counts[index] = (this.#counts[index] ?? 0) + (other.#counts[index] ?? 0);
    }
    this.#total += other.#total;
  }

  /** Value below which the share `q` (0 to 1) lies; null when nothing was counted. */
  quantile(q: number): number | null {
    if (this.#counts === null || this.#total === 0) return null;
    const rank = q * (this.#total - 1);
    let seen = 0;
    for (let index = 0; index < BUCKETS; index += 1) {
      seen += this.#counts[index] ?? 0;
      if (seen > rank) return index === 0 ? FIRST / 2 : FIRST * GROWTH ** (index - 0.5);
    }
    return FIRST * GROWTH ** BUCKETS;
  }

  /** Pairs of bucket and count, for storage. */
  toPairs(): [number, number][] {
    const pairs: [number, number][] = [];
    this.#counts?.forEach((count, index) => {
      if (count > 0) pairs.push([index, count]);
    });
    return pairs;
  }

  static fromPairs(pairs: readonly (readonly [number, number])[]): Histogram {
    const histogram = new Histogram();
    if (pairs.length === 0) return histogram;
    const counts = new Uint32Array(BUCKETS);
    for (const [index, count] of pairs) {
      if (index < 0 || index >= BUCKETS) continue;
      counts[index] = count;
      histogram.#total += count;
    }
    histogram.#counts = counts;
    return histogram;
  }
}

function bucketOf(seconds: number): number {
  if (seconds < FIRST) return 0;
  return Math.min(BUCKETS - 1, 1 + Math.floor(Math.log(seconds / FIRST) / LOG_GROWTH));
}
