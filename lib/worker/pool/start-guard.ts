import { backoffMs } from '../../util/backoff.ts';

/** So many starts in a row that never got ready mean that none will. */
const MAX_FAILED_STARTS = 5;
const BACKOFF = { baseMs: 100, maxMs: 5000 };

/** Keeps children that end before they are ready from being started in a storm: more and more slowly, then no more. */
export class StartGuard {
  readonly #pending = new Set<NodeJS.Timeout>();
  #failures = 0;

  /** Failed starts in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Starts that wait for their turn. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** A start has failed: calls `again` after a while, or returns false when there were too many. */
  failed(again: () => void): boolean {
    this.#failures += 1;
    if (this.#failures >= MAX_FAILED_STARTS) return false;
    const timeout = setTimeout(
      () => {
        this.#pending.delete(timeout);
        again();
      },
      backoffMs(this.#failures - 1, BACKOFF),
    );
    this.#pending.add(timeout);
    return true;
  }

  stop(): void {
    for (const timeout of this.#pending) clearTimeout(timeout);
    this.#pending.clear();
  }
}
