import type { WireMessage } from '../../protocol/wire.ts';
import { WhenEmpty } from '../../util/when-empty.ts';
import type { Destination } from '../transport.ts';

/** One message on its way. */
export interface Item {
  readonly number: number;
  readonly destination: Destination;
  readonly message: WireMessage;
  readonly content: Buffer;
  readonly isBroadcast: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  timer: NodeJS.Timeout | null;
  /** Sendings so far that came to nothing. */
  failures: number;
  /** Where it was sent last: another exchange than the destination's for one that waits at the broker. */
  sentTo: Destination | null;
  isReturned: boolean;
  isSettled: boolean;
}

/** Bytes that may be unconfirmed or wait for the connection, with what a message takes besides its body. */
const MAX_BYTES = 256 * 1024 * 1024;
const ITEM_BYTES = 2_048;

/** Messages that are not at the broker for sure: those that wait to be sent, and those that it has not confirmed. */
export class Outgoing {
  readonly waiting = new Set<Item>();
  readonly sent = new Set<Item>();
  readonly #whenEmpty = new WhenEmpty();
  #bytes = 0;
  #count = 0;

  /** Takes a message in; null when too much is under way already. */
  add(
    what: Pick<Item, 'destination' | 'message' | 'content' | 'isBroadcast' | 'resolve' | 'reject'>,
  ): Item | null {
    const bytes = what.content.length + ITEM_BYTES;
    if (this.#bytes + bytes > MAX_BYTES) return null;
    this.#bytes += bytes;
    this.#count += 1;
    const begun = { timer: null, failures: 0, sentTo: null, isReturned: false, isSettled: false };
    return { ...what, number: this.#count, ...begun };
  }

  /** It waits to be sent, for the first time or again. */
  wait(item: Item): void {
    this.sent.delete(item);
    if (!item.isSettled) this.waiting.add(item);
  }

  /** It is sent. */
  send(item: Item, to: Destination): void {
    this.waiting.delete(item);
    this.sent.add(item);
    item.sentTo = to;
    item.isReturned = false;
  }

  /** Those that wait, in the order in which they were given. */
  inOrder(): Item[] {
    return [...this.waiting].sort((a, b) => a.number - b.number);
  }

  /** Resolves when none is left, after `limitMs` at the latest. */
  async settled(limitMs: number): Promise<void> {
    if (!this.#isEmpty) await this.#whenEmpty.wait(limitMs);
  }

  succeed(item: Item): void {
    if (this.#settle(item)) item.resolve();
  }

  fail(item: Item, error: Error): void {
    if (this.#settle(item)) item.reject(error);
  }

  #settle(item: Item): boolean {
    if (item.isSettled) return false;
    item.isSettled = true;
    this.sent.delete(item);
    this.waiting.delete(item);
    this.#bytes -= item.content.length + ITEM_BYTES;
    if (item.timer) clearTimeout(item.timer);
    if (this.#isEmpty) this.#whenEmpty.tell();
    return true;
  }

  get #isEmpty(): boolean {
    return this.waiting.size + this.sent.size === 0;
  }
}
