import { UmbelError } from '../contract/errors.ts';

interface Entry<T> {
  readonly item: T;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects what comes in one turn of the event loop and hands it on together, one batch at a time and in order: while one
 * is under way, the next one grows. What the store refuses takes nothing else down with it.
 */
export class TurnBatch<T> {
  readonly #send: (items: readonly T[]) => Promise<void>;
  readonly #maxItems: number;
  #waiting: Entry<T>[] = [];
  #isBusy = false;

  constructor(send: (items: readonly T[]) => Promise<void>, maxItems: number) {
    this.#send = send;
    this.#maxItems = maxItems;
  }

  /** Resolves when its batch was handed on. */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#isBusy) return;
      this.#isBusy = true;
      setImmediate(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#settle(this.#waiting.splice(0, this.#maxItems));
    }
    this.#isBusy = false;
  }

  async #settle(batch: readonly Entry<T>[]): Promise<void> {
    try {
      await this.#send(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      // A store that is away is so for all of them; anything else may be the fault of one.
      if (batch.length > 1 && !(error instanceof UmbelError && error.code === 'unavailable')) {
        for (const entry of batch) await this.#settle([entry]);
        return;
      }
      for (const { reject } of batch) reject(error);
    }
  }
}
