import { TransientMap } from '../../util/transient.ts';

/** Where a message came from, and its text. */
export interface Origin {
  readonly queue: string;
  /** The list that it goes back to. */
  readonly key: string;
  readonly raw: string;
}

/** A message that is booked as ours. */
export interface Entry {
  readonly tag: string;
  /** Rises in the order of delivery. */
  readonly number: number;
  /** null once it was held back: the server has it. */
  readonly origin: Origin | null;
}

/**
 * What one consumer holds unsettled. Of what is held back only the tag stays in memory: far ETAs may be held by the
 * hundred thousand.
 */
export class Ledger {
  readonly #active = new TransientMap<string, Entry>();
  /** Numbers by tag. */
  readonly #held = new Map<string, number>();
  #count = 0;

  /** Unsettled and not held back: what counts against prefetch. */
  get active(): number {
    return this.#active.size;
  }

  add(tag: string, queue: string, key: string, raw: string): void {
    this.#count += 1;
    this.#active.set(tag, { tag, number: this.#count, origin: { queue, key, raw } });
  }

  has(tag: string): boolean {
    return this.#active.has(tag) || this.#held.has(tag);
  }

  /** Takes an entry out; undefined when it was settled before. */
  take(tag: string): Entry | undefined {
    const entry = this.#active.get(tag);
    if (entry) {
      this.#active.delete(tag);
      return entry;
    }
    const number = this.#held.get(tag);
    if (number === undefined) return undefined;
    this.#held.delete(tag);
    return { tag, number, origin: null };
  }

  hold(tag: string): void {
    const entry = this.#active.get(tag);
    if (!entry) return;
    this.#active.delete(tag);
    this.#held.set(tag, entry.number);
  }

  unhold(tag: string): void {
    const number = this.#held.get(tag);
    if (number === undefined) return;
    this.#held.delete(tag);
    this.#active.set(tag, { tag, number, origin: null });
  }

  tags(): string[] {
    return [...this.#active.keys(), ...this.#held.keys()];
  }
}
