import { ConnectionLost, messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { Logger } from '../../util/logger.ts';
import {
  askAgain,
  type FetchReply,
  type FetchRequest,
  FetchRequests,
  readReply,
  type Taken,
} from './fetch-request.ts';
import type { Keys } from './keys.ts';
import type { QueueOrder } from './options.ts';
import { Primary } from './primary.ts';
import { FETCH } from './scripts.ts';

export interface FetchesOptions {
  readonly keys: Keys;
  /** First part of the tags of all fetches. */
  readonly tagPrefix: string;
  readonly queueOrder: QueueOrder;
  readonly logger: Logger;
  /** Takes over what was fetched; answers with the list that all came from, null when there were several. */
  readonly accept: (taken: readonly Taken[], madeAt: number) => string | null;
  /** The server has set aside an entry that is no message; `start` is how it begins. */
  readonly onRefused: (queue: string, start: string) => void;
}

/** The fetches of one lane: those under way, what they have brought, and those whose answer was lost. */
export class Fetches {
  readonly requests: FetchRequests;
  /** The last one left nothing behind, and every list but that of `primary` is tracked. */
  isDrained = false;
  readonly primary: Primary;
  readonly #options: FetchesOptions;
  /** Messages that those under way may bring. */
  #asked = 0;
  #arrived: readonly Taken[] = [];
  /** When the first of them can have been booked. */
  #arrivedOf = 0;
  readonly #lost: FetchRequest[] = [];

  constructor(options: FetchesOptions) {
    this.#options = options;
    this.primary = new Primary(options.keys);
    this.requests = new FetchRequests(options.keys, options.tagPrefix, options.queueOrder);
  }

  /** Messages that the fetches under way may still bring. */
  get asked(): number {
    return this.#asked;
  }

  /** Messages that have come and are not handed over. */
  get arrived(): number {
    return this.#arrived.length;
  }

  /** To be asked for again before anything new is fetched. */
  get lost(): FetchRequest | undefined {
    return this.#lost[0];
  }

  setQueues(queues: readonly string[]): void {
    this.requests.setQueues(queues);
    this.isDrained = false;
  }

  /** Its messages are accepted while the reply is being read. Rejects with the connection's or the server's error. */
  send(link: Link, count: number): Promise<void> {
    const request = this.requests.next(count);
    this.#asked += count;
    this.primary.fetching();
    return new Promise((resolve, reject) => {
      link.runThen(FETCH, request.keys, request.args, {
        resolve: (reply) => {
          this.#asked -= count;
          try {
            this.#settle(request, readReply(request, reply, this.#options.onRefused));
            resolve();
          } catch (error) {
            reject(error);
          }
        },
        reject: (error) => {
          this.#asked -= count;
          if (error instanceof ConnectionLost) this.#lost.push(request);
          reject(error);
        },
        form: 'text',
      });
    });
  }

  /** Asks for the answer of the first that was lost. Takes nothing new: tags must never be given twice. */
  async askAgain(link: Link, request: FetchRequest): Promise<void> {
    const reply = await link.run(FETCH, ...askAgain(request));
    this.#lost.shift();
    const { taken } = readReply(request, reply, this.#options.onRefused);
    if (taken.length > 0) this.#options.accept(taken, request.madeAt);
  }

  /** Hands over what has come; answers whether there was anything. */
  handOver(): boolean {
    const taken = this.#arrived;
    this.#arrived = [];
    if (taken.length === 0) return false;
    try {
      this.#options.accept(taken, this.#arrivedOf);
    } catch (error) {
      // They stay booked as ours; the lane has to go on.
      this.#options.logger.error(`Messages were taken, but not all were accepted: ${messageOf(error)}`);
    }
    return true;
  }

  #settle(request: FetchRequest, { taken, hasRefused }: FetchReply): void {
    const hasMissed = this.primary.moveTo(taken.at(-1)?.queue ?? this.primary.queue);
    // There is more, so the next fetch is to be sent first; or what came before is still here.
    if (taken.length === request.count || this.#arrived.length > 0) {
      // Also when the one before found less than it asked for.
      this.isDrained = false;
      if (this.#arrived.length === 0) this.#arrivedOf = request.madeAt;
      this.#arrived = this.#arrived.concat(taken);
      return;
    }
    const waited = this.primary.list;
    const source = taken.length > 0 ? this.#options.accept(taken, request.madeAt) : waited;
    const isCurrent = request.generation === this.requests.generation;
    this.isDrained = source === waited && !hasMissed && !hasRefused && isCurrent;
  }
}
