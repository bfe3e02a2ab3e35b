import { setTimeout } from 'node:timers/promises';
import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { ConnectionLost, isPassing, messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { PubSub } from '../../redis/pub-sub.ts';
import type { Logger } from '../../util/logger.ts';
import { Claims, type ClaimsOptions } from './claims.ts';
import { askAgain, type FetchRequest, FetchRequests, readReply, type Taken } from './fetch-request.ts';
import { IdleWait } from './idle-wait.ts';
import type { Keys } from './keys.ts';
import { watchLane } from './lane-watchdog.ts';
import type { QueueOrder } from './options.ts';
import { FETCH } from './scripts.ts';
import { checkVersion } from './server-version.ts';
import { MAX_FETCH } from './tags.ts';

/*
 * The connection on which messages are taken. One fetch is under way at any time; when it has brought all that it
 * asked for, the next is sent before these are handed over:
 *
 *   resting ──(slots free, not paused, connected)──→ fetching ──→ resting
 *                        │ last fetch found nothing
 *                        └──→ waiting ──(a message came, or another list has one)──→ fetching ──→ resting
 *
 * How it waits is told in `idle-wait.ts`, and what becomes of the message that ends a wait in `claim.ts`.
 *
 * A fetch whose answer was lost is asked for again by its tag prefix after reconnecting, so nothing is stranded. That
 * question takes nothing new: tags must never be given twice.
 *
 * A watchdog makes new connections for a lane that rests although there is room.
 */

export interface LaneOptions {
  readonly claims: ClaimsOptions;
  readonly group: ConnectionGroup;
  readonly pubSub: PubSub;
  readonly keys: Keys;
  readonly queueOrder: QueueOrder;
  /** First part of the tags of all fetches. */
  readonly tagPrefix: string;
  readonly logger: Logger;
  /** Messages that may be taken now; Infinity without a limit. */
  readonly capacity: () => number;
  /** Takes over what was fetched; answers with the list that all came from, null when there were several. */
  readonly accept: (taken: readonly Taken[], madeAt: number) => string | null;
  /** The server has set aside an entry that is no message; `start` is how it begins. */
  readonly onRefused: (queue: string, start: string) => void;
}

const AFTER_ERROR_MS = 1_000;

export class Lane {
  readonly #options: LaneOptions;
  readonly #requests: FetchRequests;
  readonly #wait: IdleWait;
  readonly #claims: Claims;
  #link: Link | null = null;
  #unlisten: (() => Promise<void>) | null = null;
  #loop: Promise<void> | null = null;
  #turning: Promise<void> | null = null;
  #rest: (() => void) | null = null;
  #lost: FetchRequest | null = null;
  /** Fetched, but not handed over yet. */
  #arrived: readonly Taken[] = [];
  #arrivedOf = 0;
  /** The last fetch left nothing behind, and every list but the primary is tracked. */
  #isDrained = false;
  /** The queue that delivered last. */
  #primary = '';
  /** Fetches that have ended. */
  #turns = 0;
  #watchdog: NodeJS.Timeout | null = null;
  #isPaused = false;
  #isStopping = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#requests = new FetchRequests(options.keys, options.tagPrefix, options.queueOrder);
    this.#wait = new IdleWait(options.group, options.logger);
    this.#claims = new Claims(options.claims);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  async start(queues: readonly string[]): Promise<void> {
    const { group, pubSub } = this.#options;
    checkVersion(group);
    this.setQueues(queues);
    this.#unlisten = await pubSub.listen('channel', '__redis__:invalidate', () => {});
    this.#link = await group.add({ name: 'lane', setup: (link) => this.#setUp(link) });
    this.#loop = this.#run(this.#link);
    this.#watchdog = watchLane({
      hasRoom: () => this.#wanted() > 0,
      turns: () => this.#turns,
      onDeaf: (reason) => group.drop(reason),
    });
  }

  setQueues(queues: readonly string[]): void {
    this.#requests.setQueues(queues);
    this.#isDrained = false;
    this.refresh();
  }

  /** Something has changed that may allow a fetch: look again. */
  wake(): void {
    const rest = this.#rest;
    this.#rest = null;
    rest?.();
  }

  /** The wait under way asks for the wrong thing: end it. */
  refresh(): void {
    this.wake();
    this.#wait.end();
  }

  invalidated(keys: readonly string[] | null): void {
    const waited = this.#options.keys.list(this.#primary, 0);
    if (keys?.every((key) => key === waited || !this.#requests.hasList(key))) return;
    this.#wait.otherListChanged();
  }

  /** Takes nothing more; resolves when the fetch under way has been accepted. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    this.refresh();
    await this.#turning;
    this.#handOver();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#watchdog) clearInterval(this.#watchdog);
    await this.pause();
    await this.#loop;
    await this.#claims.close().catch((error: unknown) => this.#options.logger.debug(messageOf(error)));
    if (this.#link) this.#options.group.remove(this.#link);
    this.#link = null;
    await this.#unlisten?.();
  }

  async #run(link: Link): Promise<void> {
    while (!this.#isStopping) {
      const count = this.#wanted();
      const isRewriting = this.#claims.hasUnwritten && this.#options.group.isUp;
      if (count === 0 && this.#arrived.length === 0 && !isRewriting) {
        await new Promise<void>((resolve) => {
          this.#rest = resolve;
        });
        continue;
      }
      if (count > 0 || isRewriting) this.#turning = this.#turn(link, count);
      // The server looks for the next ones while the worker is busy with these.
      this.#handOver();
      await this.#turning;
      this.#turning = null;
      this.#turns += 1;
    }
  }

  #wanted(): number {
    if (!this.#options.group.isUp || this.#isPaused) return 0;
    if (this.#lost) return this.#lost.count;
    if (this.#requests.isEmpty) return 0;
    return Math.max(0, Math.min(MAX_FETCH, this.#options.capacity() - this.#arrived.length));
  }

  /** Never rejects. */
  #turn(link: Link, count: number): Promise<void> {
    if (this.#lost) return this.#askAgain(link, this.#lost);
    if (this.#claims.hasUnwritten) return this.#orFailed(this.#claims.write(link));
    const isWait = !this.#wait.takeNews() && this.#isDrained;
    this.#isDrained = false;
    return isWait ? this.#orFailed(this.#waitAndFetch(link)) : this.#fetch(link, count);
  }

  /** Its messages are accepted while the reply is being read. Never rejects. */
  #fetch(link: Link, count: number): Promise<void> {
    const request = this.#requests.next(count);
    return new Promise((resolve) => {
      const reject = (error: unknown): void => resolve(this.#failed(error, request));
      const take = (reply: unknown): void => {
        try {
          this.#settle(request, readReply(request, reply, this.#options.onRefused));
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      link.runThen(FETCH, request.keys, request.args, { resolve: take, reject, form: 'text' });
    });
  }

  /** Answers with what went wrong. */
  async #waitAndFetch(link: Link): Promise<Error | null> {
    const { keys } = this.#options;
    const { generation, firstQueue, claimTag } = this.#requests;
    const queue = this.#requests.hasList(keys.list(this.#primary, 0)) ? this.#primary : firstQueue;
    const claim = await this.#claims.prepare(queue, claimTag);
    // What is to be waited for may have changed meanwhile.
    const isStale = generation !== this.#requests.generation || this.#wait.takeNews();
    if (isStale || this.#wanted() === 0) return null;
    this.#primary = queue;
    let fetching: Promise<void> | undefined;
    let writing: Promise<Error | null> | undefined;
    const fetch = (count: number): void => {
      if (count > 0) fetching ??= this.#fetch(link, count);
    };
    const failure = await new Promise<Error | null>((resolve) => {
      this.#wait.begin({
        link,
        list: keys.list(queue, 0),
        target: claim.list,
        isOnly: this.#requests.isSingle,
        // The wait may bring one all the same.
        onEnding: () => fetch(this.#wanted() - 1),
        onEnd: (text) => {
          if (text !== null) writing = this.#claims.take(link, claim, text, !this.#isPaused);
          fetch(this.#wanted());
          resolve(null);
        },
        onError: (error) => {
          if (error instanceof ConnectionLost) this.#claims.giveBack(claim);
          resolve(error);
        },
      });
    });
    await fetching;
    return failure ?? (await writing) ?? null;
  }

  async #orFailed(turn: Promise<Error | null>): Promise<void> {
    try {
      const failure = await turn;
      if (failure !== null) await this.#failed(failure);
    } catch (error) {
      await this.#failed(error);
    }
  }

  #settle(request: FetchRequest, taken: readonly Taken[]): void {
    const last = taken.at(-1);
    if (last) this.#primary = last.queue;
    if (taken.length === request.count) {
      this.#arrived = taken;
      this.#arrivedOf = request.madeAt;
      return;
    }
    const waited = this.#options.keys.list(this.#primary, 0);
    const source = taken.length > 0 ? this.#options.accept(taken, request.madeAt) : waited;
    this.#isDrained = source === waited && request.generation === this.#requests.generation;
  }

  #handOver(): void {
    const taken = this.#arrived;
    this.#arrived = [];
    if (taken.length === 0) return;
    try {
      this.#options.accept(taken, this.#arrivedOf);
    } catch (error) {
      // They stay booked as ours; the loop has to go on.
      this.#options.logger.error(`Messages were taken, but not all were accepted: ${messageOf(error)}`);
    }
  }

  async #askAgain(link: Link, request: FetchRequest): Promise<void> {
    try {
      const reply = await link.run(FETCH, ...askAgain(request));
      this.#lost = null;
      const taken = readReply(request, reply, this.#options.onRefused);
      if (taken.length > 0) this.#options.accept(taken, request.madeAt);
    } catch (error) {
      await this.#failed(error, request);
    }
  }

  async #setUp(link: Link): Promise<void> {
    this.#isDrained = false;
    this.#claims.startAnew();
    await this.#wait.track(link, await this.#options.pubSub.open());
  }

  async #failed(error: unknown, request: FetchRequest | null = null): Promise<void> {
    const { group, logger } = this.#options;
    if (error instanceof ConnectionLost) {
      this.#lost = request ?? this.#lost;
      if (group.isUp) group.drop(messageOf(error));
      return;
    }
    if (isPassing(error)) {
      group.drop(messageOf(error));
      return;
    }
    logger.error(`Cannot take messages from ${group.address.display}: ${messageOf(error)}. Trying again.`);
    await setTimeout(AFTER_ERROR_MS);
  }
}
