import { backoffMs } from '../../util/backoff.ts';

const BACKOFF = { baseMs: 5_000, maxMs: 60_000 };

/** Queues that the broker refuses to a consumer: left out for 5 to 60 seconds, so that the others go on. */
export class RefusedQueues {
  readonly #names = new Set<string>();
  readonly #onRetry: () => void;
  #attempt = 0;
  #waitMs = 0;
  #timer: NodeJS.Timeout | null = null;

  /** `onRetry` is called when none is left out any more. */
  constructor(onRetry: () => void) {
    this.#onRetry = onRetry;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Returns the seconds until the next try. */
  add(name: string): number {
    this.#names.add(name);
    if (this.#timer === null) {
      this.#waitMs = backoffMs(this.#attempt, BACKOFF);
      this.#attempt += 1;
      this.#timer = setTimeout(() => this.#retry(), this.#waitMs);
      this.#timer.unref();
    }
    return this.#waitMs / 1000;
  }

  delete(name: string): void {
    this.#names.delete(name);
  }

  /** Tries none of them again. */
  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }

  #retry(): void {
    this.#timer = null;
    this.#names.clear();
    this.#onRetry();
  }
}
