/**
 * Collects what comes in one turn of the event loop and hands it on together, one batch at a time and in order: while one
 * is under way, the next one grows.
 */
export class TurnBatch<T> {
  readonly #send: (items: readonly T[]) => Promise<void>;
  readonly #maxItems: number;
  #waiting: { readonly item: T; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] =
    [];
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
      const batch = this.#waiting.splice(0, this.#maxItems);
      try {
        await this.#send(batch.map(({ item }) => item));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isBusy = false;
  }
}
