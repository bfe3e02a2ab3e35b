/** Seconds that a worker's clock may be off before it is said. */
const TOLERATED_SECONDS = 2;
/** Heartbeats that are looked at. */
const WINDOW = 5;

/**
 * How far the clock of a worker is from ours, by the times in its heartbeats. A heartbeat can come late but not early, so
 * the one that came fastest tells best.
 */
export class ClockDrift {
  readonly #offsets: number[] = [];
  #since: number | null = null;

  /** Takes a heartbeat that was sent at `timestamp` by its clock and came at `now` by ours. */
  add(timestamp: number, now: number): void {
    this.#offsets.push(timestamp - now);
    if (this.#offsets.length > WINDOW) this.#offsets.shift();
    this.#since = this.seconds === null ? null : (this.#since ?? now);
  }

  /** Seconds that it is ahead, or behind when negative; null when it is right, or not known yet. */
  get seconds(): number | null {
    if (this.#offsets.length < WINDOW) return null;
    const ahead = Math.max(...this.#offsets);
    return Math.abs(ahead) > TOLERATED_SECONDS ? ahead : null;
  }

  /** Since when it is known to be off; null when it is not. */
  get since(): number | null {
    return this.#since;
  }
}
