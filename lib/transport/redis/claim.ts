import type { Asked } from '../../redis/connection.ts';
import type { Link } from '../../redis/link.ts';
import { BOOK, GIVE_BACK } from './claim-scripts.ts';
import type { Keys } from './keys.ts';

export interface ClaimPlace {
  /** Delivery tag under which it is booked. */
  readonly tag: string;
  readonly queue: string;
  /** The list in which the wait has put it. */
  readonly list: string;
}

/**
 * A message that came while the lane was waiting. The wait itself has moved it into a list of this connection, so that
 * it starts before it is booked: a script takes its time. Then what the worker has made of it meanwhile is written:
 *
 *   acked             the list is emptied: a booking would be taken back at once
 *   given back        it returns to the front of its queue: we never had it, or may not have it any more
 *   anything else     it is booked, and settled like all others
 */
export class Claim implements ClaimPlace {
  readonly tag: string;
  readonly queue: string;
  readonly list: string;
  #end: 'book' | 'drop' | 'give-back' = 'book';
  #isWritten = false;
  #settlements: (() => unknown)[] = [];

  constructor({ tag, queue, list }: ClaimPlace) {
    this.tag = tag;
    this.queue = queue;
    this.list = list;
  }

  /** `settle` writes the ack, should it come too late to save the booking. */
  ack(settle: () => unknown): void {
    if (this.#isWritten) this.#settlements.push(settle);
    else this.#end = 'drop';
  }

  /** Calls `settle` once the message is booked. */
  whenBooked(settle: () => void): void {
    this.#settlements.push(settle);
  }

  giveBack(): void {
    this.#end = 'give-back';
  }

  /** Each way of writing may run twice without harm: after a lost connection it is written again. */
  write(link: Link, keys: Keys, asked: Omit<Asked, 'form'>): void {
    this.#isWritten = true;
    const all = { ...asked, form: 'nothing' } as const;
    if (this.#end === 'drop') link.callThen('del', [this.list], all);
    else if (this.#end === 'give-back') {
      link.runThen(GIVE_BACK, [this.list, keys.list(this.queue, 0)], [], all);
    } else {
      const names = [keys.unacked, keys.unackedIndex, this.list];
      link.runThen(BOOK, names, [this.tag, JSON.stringify(this.queue)], all);
    }
  }

  /** It is written. */
  end(): void {
    for (const settle of this.#settlements.splice(0)) settle();
  }
}
