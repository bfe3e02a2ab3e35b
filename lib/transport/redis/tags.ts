import { uuid } from '../../util/clock.ts';
import { TAG_PREFIX } from './scripts.ts';

/** Messages in one fetch: more would only make the server busy for longer at a time. */
export const MAX_FETCH = 100;
const PER_FETCH = MAX_FETCH + 1;
const ZERO = 48;

/**
 * Delivery tags of one consumer, `umbel:<consumer>:<fetch>:<n>`, and the number that stands for each where very many are
 * kept. Numbers rise in the order of delivery.
 */
export class Tags {
  readonly consumer = uuid().slice(0, 8);
  readonly prefix = `${TAG_PREFIX}${this.consumer}:`;

  /** -1 for a tag that is none of this consumer's. */
  numberOf(tag: string): number {
    if (!tag.startsWith(this.prefix)) return -1;
    // By hand: each message passes here.
    let fetch = 0;
    let digits = 0;
    for (let index = this.prefix.length; index < tag.length; index += 1) {
      const digit = tag.charCodeAt(index) - ZERO;
      if (digit >= 0 && digit <= 9) {
        digits = digits * 10 + digit;
        continue;
      }
      fetch = digits;
      digits = 0;
    }
    return fetch * PER_FETCH + digits;
  }

  tagOf(number: number): string {
    return `${this.prefix}${Math.floor(number / PER_FETCH)}:${number % PER_FETCH}`;
  }
}
