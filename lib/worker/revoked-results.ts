import { TaskRevokedError } from '../protocol/celery-errors.ts';
import { encodeException } from '../protocol/exception.ts';
import { recordText } from './record-text.ts';
import type { Results } from './results.ts';

/** Beyond so many waiting ids further ones are left to the worker that meets the message. */
const MAX_WAITING = 50_000;
const BATCH = 200;

/**
 * Stores REVOKED for tasks that nobody here runs, so that whoever waits for them learns now and not when their message
 * is met (celery/worker/control.py `_revoke`). A batch at a time, however many are revoked at once.
 */
export class RevokedResults {
  readonly #results: Results;
  readonly #waiting = new Set<string>();
  #draining: Promise<void> | null = null;

  constructor(results: Results) {
    this.#results = results;
  }

  add(ids: readonly string[]): void {
    if (!this.#results.isKept) return;
    for (const id of ids) {
      if (this.#waiting.size >= MAX_WAITING) break;
      this.#waiting.add(id);
    }
    // With nothing to wait for, it would be over before it is noted here, and be taken for one under way for ever.
    if (this.#waiting.size > 0) this.#draining ??= this.#drain();
  }

  /** Waits until all are stored. */
  async flush(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    const error = JSON.stringify(encodeException(new TaskRevokedError('revoked')));
    while (this.#waiting.size > 0) {
      const ids: string[] = [];
      for (const id of this.#waiting) {
        ids.push(id);
        this.#waiting.delete(id);
        if (ids.length === BATCH) break;
      }
      await Promise.all(
        ids.map((id) => this.#results.storeUnlessReady(id, recordText(id, 'REVOKED', error))),
      );
    }
    this.#draining = null;
  }
}
