import type { Handle, JobLoss } from './pool.ts';

/** The handlers of a run: they end once, whoever ends them, perhaps before they began (while the outcome was stored). */
export class Handling {
  readonly #begin: () => void;
  #onDone: ((complaint: string | null) => void) | null = null;
  #complaint: string | null = null;
  #isOver = false;

  /** `begin` starts them; `end` is called when they are done. */
  constructor(begin: () => void) {
    this.#begin = begin;
  }

  /** For the job. */
  readonly handle: Handle = (onDone) => {
    this.#onDone = onDone;
    if (this.#isOver) onDone(this.#complaint);
    else this.#begin();
  };

  end(complaint: string | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#complaint = complaint;
    this.#onDone?.(complaint);
  }

  /** They cannot go on. */
  lose(loss: JobLoss): void {
    this.end(textOf(loss));
  }
}

function textOf(loss: JobLoss): string {
  switch (loss.kind) {
    case 'timeout':
      return `Hard time limit (${loss.seconds}s) exceeded`;
    case 'terminated':
      return `Terminated (${loss.signal})`;
    case 'cancelled':
      return 'Cancelled';
    case 'shutdown':
      return 'The worker was stopped (cold shutdown)';
    case 'lost':
      return loss.reason;
  }
}
