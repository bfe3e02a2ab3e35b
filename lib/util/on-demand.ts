/**
 * Something that is opened on first use and shared from then on. When opening fails, who asked is told and the next one
 * tries again.
 */
export class OnDemand<T> {
  readonly #open: () => Promise<T>;
  #opening: Promise<T> | null = null;
  #now: T | null = null;

  constructor(open: () => Promise<T>) {
    this.#open = open;
  }

  /** The thing itself while it is open. */
  get now(): T | null {
    return this.#now;
  }

  get(): Promise<T> {
    if (this.#opening !== null) return this.#opening;
    const opening = this.#open();
    this.#opening = opening;
    // It may have been let go meanwhile, and be another one's turn.
    opening.then(
      (opened) => {
        if (this.#opening === opening) this.#now = opened;
      },
      () => {
        if (this.#opening === opening) this.#opening = null;
      },
    );
    return opening;
  }

  /** Lets go of it: the next `get` opens anew. Gives what was open, or null, also when it never opened. */
  async release(): Promise<T | null> {
    const opening = this.#opening;
    this.#opening = null;
    this.#now = null;
    // One that never opened has told its user; there is nothing to close.
    return (await opening?.catch(() => null)) ?? null;
  }
}
