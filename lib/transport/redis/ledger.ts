import { TransientMap } from '../../util/transient.ts';

/** A message that is booked as ours. */
export interface Entry {
  readonly tag: string;
  /** Rises in the order of delivery. */
  readonly number: number;
  readonly queue: string;
  /** The list that it came from and goes back to. */
  readonly key: string;
  /** Its text; null once held back: the server has it. */
  raw: string | null;
  isHeld: boolean;
}

/** What one consumer holds unsettled. */
export class Ledger {
  readonly #entries = new TransientMap<string, Entry>();
  #held = 0;
  #count = 0;

  /** Unsettled and not held back: what counts against prefetch. */
  get active(): number {
    return this.#entries.size - this.#held;
  }

  get size(): number {
    return this.#entries.size;
  }

  add(tag: string, queue: string, key: string, raw: string): Entry {
    this.#count += 1;
    const entry: Entry = { tag, number: this.#count, queue, key, raw, isHeld: false };
    this.#entries.set(tag, entry);
    return entry;
  }

  has(tag: string): boolean {
    return this.#entries.has(tag);
  }

  /** Takes an entry out; undefined when it was settled before. */
  take(tag: string): Entry | undefined {
    const entry = this.#entries.get(tag);
    if (!entry) return undefined;
    this.#entries.delete(tag);
    if (entry.isHeld) this.#held -= 1;
    return entry;
  }

  hold(tag: string, isHeld: boolean): void {
    const entry = this.#entries.get(tag);
    if (!entry || entry.isHeld === isHeld) return;
    entry.isHeld = isHeld;
    // Far ETAs may be held by the hundred thousand: their text need not stay in memory.
    if (isHeld) entry.raw = null;
    this.#held += isHeld ? 1 : -1;
  }

  tags(): string[] {
    return [...this.#entries.keys()];
  }
}
