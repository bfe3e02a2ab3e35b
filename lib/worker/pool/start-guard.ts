import { availableParallelism } from 'node:os';
import { backoffMs } from '../../util/backoff.ts';
import type { HeapTimer, TimerEntry } from '../timer/heap-timer.ts';

/** So many starts in a row that never got ready mean that none will. */
const MAX_FAILED_STARTS = 5;
const BACKOFF = { baseMs: 100, maxMs: 5000 };
/** A start that takes longer than this waits for something itself, such as a connection: the next one need not wait. */
const TURN_MS = 500;
/** One processor is left to the worker, which feeds the children that are ready. */
const STARTS_AT_ONCE = Math.max(1, availableParallelism() - 1);

/**
 * Decides when children may start. Each start computes for some tenths of a second, so only few run at once, beside the
 * tasks of those that are ready. Those that end before they are ready are followed by the next more and more slowly.
 */
export class StartGuard {
  readonly #timer: HeapTimer;
  readonly #onMayStart: () => void;
  readonly #turns = new Map<object, TimerEntry>();
  #waiting: TimerEntry | null = null;
  #failures = 0;

  /** `timer` counts durations. `onMayStart` is called when time alone has made a start possible again. */
  constructor(timer: HeapTimer, onMayStart: () => void) {
    this.#timer = timer;
    this.#onMayStart = onMayStart;
  }

  get mayStart(): boolean {
    return this.#waiting === null && this.#turns.size < STARTS_AT_ONCE;
  }

  /** Failed starts in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** There were so many that the next will fail too. */
  get isHopeless(): boolean {
    return this.#failures >= MAX_FAILED_STARTS;
  }

  started(child: object): void {
    const onTime = (): void => {
      this.#turns.delete(child);
      this.#onMayStart();
    };
    this.#turns.set(child, this.#timer.after(TURN_MS, { onTime }));
  }

  succeeded(child: object): void {
    this.#failures = 0;
    this.ended(child);
  }

  /** It ended before it was ready: the next start waits. */
  failed(): void {
    this.#failures += 1;
    const onTime = (): void => {
      this.#waiting = null;
      this.#onMayStart();
    };
    this.#waiting ??= this.#timer.after(backoffMs(this.#failures - 1, BACKOFF), { onTime });
  }

  /** Its start is over, however. */
  ended(child: object): void {
    const turn = this.#turns.get(child);
    if (turn !== undefined) this.#timer.cancel(turn);
    this.#turns.delete(child);
  }
}
