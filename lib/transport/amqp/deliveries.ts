import type { WireMessage } from '../../protocol/wire.ts';
import type { Queue } from '../transport.ts';

/** A message that the broker has handed to us and that is not settled. */
export interface Entry {
  readonly tag: string;
  /** The broker's delivery tag: rises in the order of delivery, valid on its channel alone. */
  readonly number: number;
  readonly queue: Queue;
  readonly message: WireMessage;
  isHeld: boolean;
}

/**
 * What one consumer holds on its present channel. Tags name the channel too, so that what was delivered on one that is
 * lost is known to be nobody's any more: settling it does nothing.
 */
export class Deliveries {
  readonly #entries = new Map<string, Entry>();
  /** Delivery tags that the broker waits for, in order: also of those that are just being settled. */
  readonly #open = new Set<number>();
  #generation = 0;
  /** The youngest delivery tag, and the one after which the present consumers began. */
  #youngest = 0;
  #begunAfter = 0;
  #counted = 0;
  #held = 0;

  /** Begins anew with a new channel. */
  reset(): void {
    this.#generation += 1;
    this.#entries.clear();
    this.#open.clear();
    this.#youngest = 0;
    this.beginCount();
    this.#held = 0;
  }

  get held(): number {
    return this.#held;
  }

  /** Unsettled and not held back. */
  get active(): number {
    return this.#open.size - this.#held;
  }

  /** Of those that came since `beginCount`, how many the broker waits for: what its count for a consumer holds. */
  get counted(): number {
    return this.#counted;
  }

  /** New consumers begin: what the old ones brought is in no count any more. */
  beginCount(): void {
    this.#begunAfter = this.#youngest;
    this.#counted = 0;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** The oldest delivery tag that the broker waits for; Infinity when there is none. */
  get oldest(): number {
    for (const number of this.#open) return number;
    return Number.POSITIVE_INFINITY;
  }

  add(number: number, queue: Queue, message: WireMessage): Entry {
    const tag = this.tagOf(number);
    const entry: Entry = { tag, number, queue, message, isHeld: false };
    this.#entries.set(tag, entry);
    this.#open.add(number);
    this.#youngest = number;
    this.#counted += 1;
    return entry;
  }

  get(tag: string): Entry | undefined {
    return this.#entries.get(tag);
  }

  /** Takes an entry out to settle it; undefined when it is settled or of a lost channel. */
  take(tag: string): Entry | undefined {
    const entry = this.#entries.get(tag);
    if (!entry) return undefined;
    this.#entries.delete(tag);
    if (entry.isHeld) this.#held -= 1;
    return entry;
  }

  /** The broker is told what became of it. */
  close(number: number): void {
    if (this.#open.delete(number) && number > this.#begunAfter) this.#counted -= 1;
  }

  isOpen({ tag, number }: Entry): boolean {
    return tag === this.tagOf(number) && this.#open.has(number);
  }

  /** The tag of a message of the present channel by the broker's delivery tag. */
  tagOf(number: number): string {
    return `${this.#generation}.${number}`;
  }

  /** Answers with the broker's delivery tag; 0, which is none, when it is settled or of a lost channel. */
  hold(tag: string, isHeld: boolean): number {
    const entry = this.#entries.get(tag);
    if (!entry) return 0;
    if (entry.isHeld !== isHeld) this.#held += isHeld ? 1 : -1;
    entry.isHeld = isHeld;
    return entry.number;
  }
}
