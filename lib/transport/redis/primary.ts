import type { Keys } from './keys.ts';

/** The queue that delivered last: its first list is waited for, and the others wake the lane when they change. */
export class Primary {
  readonly #keys: Keys;
  #queue = '';
  /** The list has changed since the last fetch was sent; the server tells that once. */
  #hasChanged = false;
  /** It had, and is not waited for any more. */
  #hasMissed = false;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  get queue(): string {
    return this.#queue;
  }

  get list(): string {
    return this.#keys.list(this.#queue, 0);
  }

  /** A fetch is sent, which sees what has changed so far. */
  fetching(): void {
    this.#hasChanged = false;
    this.#hasMissed = false;
  }

  /** A list has changed. Answers whether it is this one, in which a wait sees what comes. */
  sees(key: string): boolean {
    if (key !== this.list) return false;
    this.#hasChanged = true;
    return true;
  }

  /** Answers whether something may lie unseen in a list that is not waited for any more. */
  moveTo(queue: string): boolean {
    if (queue !== this.#queue && this.#hasChanged) this.#hasMissed = true;
    this.#queue = queue;
    return this.#hasMissed;
  }
}
