import { TransientMap } from '../../util/transient.ts';
import type { Tags } from './tags.ts';

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
 * What one consumer holds unsettled. Of what is held back only the tag's number stays in memory: far ETAs may be held by
 * the hundred thousand.
 */
export class Ledger {
  readonly #tags: Tags;
  readonly #active = new TransientMap<string, Entry>();
  readonly #held = new Set<number>();

  constructor(tags: Tags) {
    this.#tags = tags;
  }

  /** Unsettled and not held back: what counts against prefetch. */
  get active(): number {
    return this.#active.size;
  }

  add(tag: string, queue: string, key: string, raw: string): void {
    this.#active.set(tag, { tag, number: this.#tags.numberOf(tag), origin: { queue, key, raw } });
  }

  has(tag: string): boolean {
    return this.#active.has(tag) || this.#held.has(this.#tags.numberOf(tag));
  }

  /** Takes an entry out; undefined when it was settled before. */
  take(tag: string): Entry | undefined {
    const entry = this.#active.get(tag);
    if (entry) {
      this.#active.delete(tag);
      return entry;
    }
    const number = this.#tags.numberOf(tag);
    return this.#held.delete(number) ? { tag, number, origin: null } : undefined;
  }

  /** Answers with the tag's number. */
  hold(tag: string): number {
    const number = this.#tags.numberOf(tag);
    if (this.#active.delete(tag)) this.#held.add(number);
    return number;
  }

  unhold(tag: string): void {
    const number = this.#tags.numberOf(tag);
    if (this.#held.delete(number)) this.#active.set(tag, { tag, number, origin: null });
  }

  /** The tags of all, so many at a time: those of the call, even when some are settled before their turn comes. */
  chunks(size: number): Iterable<string[]> {
    const numbers = new Float64Array(this.#active.size + this.#held.size);
    let count = 0;
    for (const { number } of this.#active.values()) numbers[count++] = number;
    for (const number of this.#held) numbers[count++] = number;
    return this.#chunksOf(numbers, size);
  }

  *#chunksOf(numbers: Float64Array, size: number): Iterable<string[]> {
    for (let first = 0; first < numbers.length; first += size) {
      yield Array.from(numbers.subarray(first, first + size), (number) => this.#tags.tagOf(number));
    }
  }
}
