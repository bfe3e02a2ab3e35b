import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { ConnectionLost, isPassing, messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { PubSub } from '../../redis/pub-sub.ts';
import { Claims, type ClaimsOptions } from './claims.ts';
import { Fetches, type FetchesOptions } from './fetches.ts';
import { IdleWait } from './idle-wait.ts';
import { watchLane } from './lane-watchdog.ts';
import { checkVersion } from './server-version.ts';
import { MAX_FETCH } from './tags.ts';

/*
 * The connection on which messages are taken. When a fetch has brought all that it asked for, the next is sent before
 * these are handed over, and where they have left room at once, one more: a server that waits for its disk works on both.
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

export interface LaneOptions extends FetchesOptions {
  readonly group: ConnectionGroup;
  readonly pubSub: PubSub;
  readonly claims: ClaimsOptions;
  /** Messages that may be taken now; Infinity without a limit. */
  readonly capacity: () => number;
}

const AFTER_ERROR_MS = 1_000;

export class Lane {
  readonly #options: LaneOptions;
  readonly #fetches: Fetches;
  readonly #wait: IdleWait;
  readonly #claims: Claims;
  #link: Link | null = null;
  #unlisten: (() => Promise<void>) | null = null;
  #loop: Promise<void> | null = null;
  /** What is under way, oldest first. */
  #turning: Promise<void>[] = [];
  #rest: (() => void) | null = null;
  /** Fetches that have ended. */
  #turns = 0;
  #watchdog: NodeJS.Timeout | null = null;
  #isPaused = false;
  #isStopping = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#fetches = new Fetches(options);
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
      hasRoom: () => this.#room > 0,
      turns: () => this.#turns,
      onDeaf: (reason) => group.drop(reason),
    });
  }

  setQueues(queues: readonly string[]): void {
    this.#fetches.setQueues(queues);
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
    const { primary, requests } = this.#fetches;
    const others = keys?.filter((key) => !primary.sees(key) && requests.hasList(key));
    if (others?.length !== 0) this.#wait.otherListChanged();
  }

  /** Takes nothing more; resolves when the fetch under way has been accepted. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    this.refresh();
    await Promise.all(this.#turning);
    this.#fetches.handOver();
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
      if (this.#turning.length === 0) this.#begin(link);
      // The server looks for the next ones while the worker is busy with these.
      const isBusy = this.#fetches.handOver();
      if (isBusy && this.#turning.length === 1) this.#fetchMore(link);
      if (this.#turning.length > 0) {
        await this.#turning[0];
        void this.#turning.shift();
        this.#turns += 1;
      } else if (!isBusy) {
        await new Promise<void>((resolve) => {
          this.#rest = resolve;
        });
      }
    }
  }

  /** Whatever is to be done next, if there is anything. */
  #begin(link: Link): void {
    const count = this.#wanted();
    const hasLeftovers = this.#claims.hasUnwritten || this.#fetches.lost !== undefined;
    if (count > 0 || (hasLeftovers && this.#options.group.isUp)) this.#turning.push(this.#turn(link, count));
  }

  #fetchMore(link: Link): void {
    const count = this.#fetches.lost ? 0 : this.#wanted();
    if (count > 0) this.#turning.push(this.#fetch(link, count));
  }

  /** Messages that may be held beyond those that have come. */
  get #room(): number {
    const { requests, arrived } = this.#fetches;
    if (!this.#options.group.isUp || this.#isPaused || requests.isEmpty) return 0;
    return Math.max(0, this.#options.capacity() - arrived);
  }

  /** How many to fetch now. */
  #wanted(): number {
    return Math.max(0, Math.min(MAX_FETCH, this.#room - this.#fetches.asked));
  }

  /** Never rejects. */
  #turn(link: Link, count: number): Promise<void> {
    const { lost } = this.#fetches;
    if (lost) return this.#orFailed(this.#fetches.askAgain(link, lost));
    if (this.#claims.hasUnwritten) return this.#orFailed(this.#claims.write(link));
    const isWait = !this.#wait.takeNews() && this.#fetches.isDrained;
    this.#fetches.isDrained = false;
    return isWait ? this.#orFailed(this.#waitAndFetch(link)) : this.#fetch(link, count);
  }

  #fetch(link: Link, count: number): Promise<void> {
    return this.#orFailed(this.#fetches.send(link, count));
  }

  /** Answers with what went wrong. */
  async #waitAndFetch(link: Link): Promise<Error | null> {
    const { primary, requests } = this.#fetches;
    const { generation, firstQueue, claimTag } = requests;
    const queue = requests.hasList(primary.list) ? primary.queue : firstQueue;
    const claim = await this.#claims.prepare(queue, claimTag);
    // What is to be waited for may have changed meanwhile.
    const isStale = generation !== requests.generation || this.#wait.takeNews();
    if (isStale || this.#wanted() === 0) return null;
    primary.moveTo(queue);
    let fetching: Promise<void> | undefined;
    let writing: Promise<Error | null> | undefined;
    const fetch = (count: number): void => {
      if (count > 0) fetching ??= this.#fetch(link, count);
    };
    const failure = await new Promise<Error | null>((resolve) => {
      this.#wait.begin({
        link,
        list: primary.list,
        target: claim.list,
        isOnly: requests.isSingle,
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

  async #orFailed(turn: Promise<unknown>): Promise<void> {
    try {
      const failure = await turn;
      if (failure instanceof Error) await this.#failed(failure);
    } catch (error) {
      await this.#failed(error);
    }
  }

  async #setUp(link: Link): Promise<void> {
    this.#fetches.isDrained = false;
    this.#claims.startAnew();
    await this.#wait.track(link, await this.#options.pubSub.open());
  }

  async #failed(error: unknown): Promise<void> {
    const { group, logger } = this.#options;
    if (error instanceof ConnectionLost) {
      if (group.isUp) group.drop(messageOf(error));
      return;
    }
    if (isPassing(error)) {
      group.refused(error);
      return;
    }
    logger.error(`Cannot take messages from ${group.address.display}: ${messageOf(error)}. Trying again.`);
    await sleep(AFTER_ERROR_MS);
  }
}
