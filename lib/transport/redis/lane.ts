import { UmbelError } from '../../contract/errors.ts';
import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { ConnectionLost, isPassing, messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { PubSub } from '../../redis/pub-sub.ts';
import type { Logger } from '../../util/logger.ts';
import { type FetchRequest, FetchRequests, readReply, type Taken } from './fetch-request.ts';
import { IdleWait } from './idle-wait.ts';
import type { Keys } from './keys.ts';
import type { QueueOrder } from './options.ts';
import { FETCH } from './scripts.ts';
import { MAX_FETCH } from './tags.ts';

/*
 * The connection on which messages are taken. One fetch is under way at any time; when it has brought all that it
 * asked for, the next is sent before these are handed over:
 *
 *   resting ──(slots free, not paused, connected)──→ fetching ──→ resting
 *                        │ last fetch found nothing
 *                        └──→ waiting, with a fetch queued right behind the wait ──→ resting
 *
 * How it waits without taking anything is told in `idle-wait.ts`.
 *
 * A fetch whose answer was lost is asked for again by its tag prefix after reconnecting, so nothing is stranded. That
 * question takes nothing new: tags must never be given twice.
 *
 * A lane that rests although there is room, for whatever reason, would be a worker that is alive and deaf: a watchdog
 * makes new connections then.
 */

export interface LaneOptions {
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
const WATCH_EVERY_MS = 1_000;
/** Looks of the watchdog, a second apart, that find room and no fetch. More than a dead connection is given. */
const DEAF_AFTER_LOOKS = 12;

export class Lane {
  readonly #options: LaneOptions;
  readonly #requests: FetchRequests;
  readonly #wait: IdleWait;
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
  /** The list that delivered last. */
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
    this.#watchdog = this.#watch();
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
    if (keys?.every((key) => key === this.#primary || !this.#requests.hasList(key))) return;
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
    if (this.#link) this.#options.group.remove(this.#link);
    this.#link = null;
    await this.#unlisten?.();
  }

  async #run(link: Link): Promise<void> {
    while (!this.#isStopping) {
      const count = this.#wanted();
      if (count === 0 && this.#arrived.length === 0) {
        await new Promise<void>((resolve) => {
          this.#rest = resolve;
        });
        continue;
      }
      if (count > 0) this.#turning = this.#lost ? this.#askAgain(link, this.#lost) : this.#turn(link, count);
      // The server looks for the next ones while the worker is busy with these.
      this.#handOver();
      await this.#turning;
      this.#turning = null;
      this.#turns += 1;
    }
  }

  #watch(): NodeJS.Timeout {
    let turns = -1;
    let looks = 0;
    return setInterval(() => {
      const isDeaf = this.#wanted() > 0 && this.#turns === turns;
      turns = this.#turns;
      looks = isDeaf ? looks + 1 : 0;
      if (looks < DEAF_AFTER_LOOKS) return;
      looks = 0;
      this.#options.group.drop(`no message was looked for in ${DEAF_AFTER_LOOKS} s although there is room`);
    }, WATCH_EVERY_MS).unref();
  }

  #wanted(): number {
    if (!this.#options.group.isUp || this.#isPaused) return 0;
    if (this.#lost) return this.#lost.count;
    if (this.#requests.isEmpty) return 0;
    return Math.max(0, Math.min(MAX_FETCH, this.#options.capacity() - this.#arrived.length));
  }

  /** One fetch. Its messages are accepted while the reply is being read. Never rejects. */
  #turn(link: Link, count: number): Promise<void> {
    const request = this.#requests.next(count);
    const isWait = !this.#wait.takeNews() && this.#isDrained;
    this.#isDrained = false;
    if (isWait) this.#beginWait(link, request);
    return new Promise((resolve) => {
      const reject = (error: unknown): void => resolve(this.#failed(request, error));
      const take = (reply: unknown): void => {
        try {
          this.#settle(request, readReply(request, reply, this.#options.onRefused));
          if (isWait && this.#wait.failure !== null) throw this.#wait.failure;
          resolve();
        } catch (error) {
          reject(error);
        }
      };
      link.runThen(FETCH, request.keys, request.args, { resolve: take, reject, form: 'text' });
    });
  }

  #settle(request: FetchRequest, taken: readonly Taken[]): void {
    const last = taken.at(-1);
    if (last) this.#primary = this.#options.keys.list(last.queue, 0);
    if (taken.length === request.count) {
      this.#arrived = taken;
      this.#arrivedOf = request.madeAt;
      return;
    }
    const source = taken.length > 0 ? this.#options.accept(taken, request.madeAt) : this.#primary;
    this.#isDrained = source === this.#primary && request.generation === this.#requests.generation;
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
      const reply = await link.run(FETCH, request.keys.slice(0, 3), [
        request.count,
        request.prefix,
        '1',
        '1',
        new Date().toISOString(),
      ]);
      this.#lost = null;
      const taken = readReply(request, reply, this.#options.onRefused);
      if (taken.length > 0) this.#options.accept(taken, request.madeAt);
    } catch (error) {
      await this.#failed(request, error);
    }
  }

  #beginWait(link: Link, request: FetchRequest): void {
    const list = this.#requests.hasList(this.#primary) ? this.#primary : (request.keys[3] ?? '');
    this.#primary = list;
    this.#wait.begin(link, list, this.#requests.isSingle);
  }

  async #setUp(link: Link): Promise<void> {
    this.#isDrained = false;
    await this.#wait.track(link, await this.#options.pubSub.open());
  }

  async #failed(request: FetchRequest, error: unknown): Promise<void> {
    const { group, logger } = this.#options;
    if (error instanceof ConnectionLost) {
      this.#lost = request;
      if (group.isUp) group.drop(messageOf(error));
      return;
    }
    if (isPassing(error)) {
      group.drop(messageOf(error));
      return;
    }
    logger.error(`Cannot take messages from ${group.address.display}: ${messageOf(error)}. Trying again.`);
    await delay(AFTER_ERROR_MS);
  }
}

function checkVersion({ serverInfo, address }: ConnectionGroup): void {
  const version = serverInfo.get('redis_version');
  const [major = 0, minor = 0] = (version ?? '6.2').split('.').map(Number);
  if (major > 6 || (major === 6 && minor >= 2)) return;
  throw new UmbelError(
    'unsupported',
    `Workers need Redis 6.2 or newer (BLMOVE, RPOP with a count); ${address.display} is ${version}.`,
  );
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
