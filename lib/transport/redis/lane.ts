import { UmbelError } from '../../contract/errors.ts';
import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { ConnectionLost, isPassing, isReply, messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { PubSub } from '../../redis/pub-sub.ts';
import { uuid } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import { readBooking } from './booking.ts';
import { type FetchRequest, FetchRequests } from './fetch-request.ts';
import type { Keys } from './keys.ts';
import type { QueueOrder } from './options.ts';
import { FETCH, TAG_PREFIX } from './scripts.ts';

/*
 * The connection on which messages are taken. One fetch is under way at any time; when it has brought all that it
 * asked for, the next is sent before these are handed over:
 *
 *   resting ──(slots free, not paused, connected)──→ fetching ──→ resting
 *                        │ last fetch found nothing
 *                        └──→ waiting, with a fetch queued right behind the wait ──→ resting
 *
 * The wait is `BLMOVE k k RIGHT RIGHT`, which takes nothing: it returns when list k, the one that delivered last, has a
 * message. Every other list wakes it by client tracking: the fetch before has read all lengths, so the server tells
 * the subscriber of the next change in any of them, and the command connection ends the wait with `CLIENT UNBLOCK`.
 *
 * A fetch whose answer was lost is asked for again by its tag prefix after reconnecting, so nothing is stranded. That
 * question takes nothing new: tags must never be given twice.
 */

export interface Taken {
  readonly tag: string;
  readonly queue: string;
  readonly text: string;
}

export interface LaneOptions {
  readonly group: ConnectionGroup;
  readonly pubSub: PubSub;
  readonly keys: Keys;
  readonly queueOrder: QueueOrder;
  readonly logger: Logger;
  /** Messages that may be taken now; Infinity without a limit. */
  readonly capacity: () => number;
  /** Takes over what was fetched; answers with the list that all came from, null when there were several. */
  readonly accept: (taken: readonly Taken[], madeAt: number) => string | null;
  /** The server has set aside an entry that is no message; `start` is how it begins. */
  readonly onRefused: (queue: string, start: string) => void;
}

/** Messages in one fetch: more would only make the server busy for longer at a time. */
const MAX_FETCH = 100;
const WAIT_SECONDS = 1;
/** Between two looks at lists that cannot wake us. */
const BLIND_WAIT_SECONDS = 0.25;
const UNBLOCK_AGAIN_MS = 2;
const AFTER_ERROR_MS = 1_000;

export class Lane {
  readonly #options: LaneOptions;
  readonly #requests: FetchRequests;
  #link: Link | null = null;
  #unlisten: (() => Promise<void>) | null = null;
  #loop: Promise<void> | null = null;
  #turning: Promise<void> | null = null;
  #rest: (() => void) | null = null;
  /** The fetch whose wait has not returned yet. */
  #waiting: FetchRequest | null = null;
  #isUnblocking = false;
  #lost: FetchRequest | null = null;
  /** Fetched, but not handed over yet. */
  #arrived: readonly Taken[] = [];
  #arrivedOf = 0;
  /** The last fetch left nothing behind, and every list but the primary is tracked. */
  #isDrained = false;
  /** A list has changed since the last fetch was sent. */
  #isDirty = false;
  #primary = '';
  #canTrack = true;
  #isPaused = false;
  #isStopping = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#requests = new FetchRequests(
      options.keys,
      `${TAG_PREFIX}${uuid().slice(0, 8)}:`,
      options.queueOrder,
    );
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  async start(queues: readonly string[]): Promise<void> {
    const { group, pubSub } = this.#options;
    checkVersion(group);
    this.setQueues(queues);
    this.#unlisten = await pubSub.listen('channel', '__redis__:invalidate', () => {});
    this.#link = await group.add({ name: 'lane', setup: (link) => this.#track(link) });
    this.#loop = this.#run(this.#link);
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
    if (this.#waiting) void this.#unblock();
  }

  invalidated(keys: readonly string[] | null): void {
    if (keys?.every((key) => key === this.#primary || !this.#requests.hasList(key))) return;
    this.#isDirty = true;
    if (this.#waiting) void this.#unblock();
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
    }
  }

  #wanted(): number {
    if (!this.#options.group.isUp || this.#isPaused) return 0;
    if (this.#lost) return this.#lost.count;
    if (this.#requests.isEmpty) return 0;
    return Math.max(0, Math.min(MAX_FETCH, this.#options.capacity() - this.#arrived.length));
  }

  async #turn(link: Link, count: number): Promise<void> {
    const request = this.#requests.next(count);
    const isWait = this.#isDrained && !this.#isDirty;
    this.#isDirty = false;
    this.#isDrained = false;
    try {
      const reply = isWait ? await this.#waitAndFetch(link, request) : await this.#fetch(link, request);
      this.#settle(request, readReply(request, reply, this.#options.onRefused));
    } catch (error) {
      await this.#failed(request, error);
    }
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
    if (taken.length > 0) this.#options.accept(taken, this.#arrivedOf);
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

  #fetch(link: Link, request: FetchRequest): Promise<unknown> {
    return link.run(FETCH, request.keys, request.args);
  }

  /** The fetch is in the server's hands before the wait ends, so that a message costs one round trip. */
  async #waitAndFetch(link: Link, request: FetchRequest): Promise<unknown> {
    const list = this.#requests.hasList(this.#primary) ? this.#primary : (request.keys[3] ?? '');
    this.#primary = list;
    const seconds = this.#canTrack || this.#requests.isSingle ? WAIT_SECONDS : BLIND_WAIT_SECONDS;
    this.#waiting = request;
    const wait = link.call('blmove', [list, list, 'RIGHT', 'RIGHT', seconds]).finally(() => {
      if (this.#waiting === request) this.#waiting = null;
    });
    const [waited, fetched] = await Promise.allSettled([wait, this.#fetch(link, request)]);
    if (fetched.status === 'rejected') throw fetched.reason;
    if (waited.status === 'rejected') {
      this.#settle(request, readReply(request, fetched.value, this.#options.onRefused));
      throw waited.reason;
    }
    return fetched.value;
  }

  async #unblock(): Promise<void> {
    if (this.#isUnblocking) return;
    this.#isUnblocking = true;
    this.#isDirty = false;
    const waiting = this.#waiting;
    const { group } = this.#options;
    try {
      // The answer 0 means that the wait has not reached the server yet, or is over.
      while (this.#waiting === waiting && group.isUp && this.#link) {
        if (Number(await group.command.call('client', ['unblock', this.#link.id])) === 1) break;
        await delay(UNBLOCK_AGAIN_MS);
      }
    } catch (error) {
      if (isReply(error)) this.#loseTracking(messageOf(error));
    } finally {
      this.#isUnblocking = false;
    }
    if (this.#waiting !== waiting && this.#waiting && this.#isDirty) void this.#unblock();
  }

  async #track(link: Link): Promise<void> {
    const subscriber = await this.#options.pubSub.open();
    this.#isDrained = false;
    try {
      await link.call('client', ['tracking', 'on', 'redirect', subscriber.id, 'noloop']);
      this.#canTrack = true;
    } catch (error) {
      if (!isReply(error)) throw error;
      this.#loseTracking(messageOf(error));
    }
  }

  #loseTracking(reason: string): void {
    if (!this.#canTrack) return;
    this.#canTrack = false;
    this.#options.logger.warning(
      `Redis does not tell of new messages (${reason}): with several queues or priorities they are looked for ` +
        `every ${BLIND_WAIT_SECONDS} s. Allow CLIENT TRACKING and CLIENT UNBLOCK to start them at once.`,
    );
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

/** A fetch's answer; where it was asked for again, payloads are whole bookings. */
function readReply(request: FetchRequest, reply: unknown, onRefused: LaneOptions['onRefused']): Taken[] {
  const items: unknown[] = Array.isArray(reply) ? reply : [];
  const taken: Taken[] = [];
  for (let index = 0; index + 1 < items.length; index += 2) {
    const tag = `${request.prefix}${index / 2 + 1}`;
    const number = Number(items[index]);
    const queue = request.queues[Math.abs(number) - 1];
    const text = String(items[index + 1]);
    if (number < 0) onRefused(queue ?? '', text);
    else if (queue !== undefined) taken.push({ tag, queue, text });
    else {
      const booking = readBooking(text);
      if (booking) taken.push({ tag, queue: booking.routingKey, text: booking.raw });
    }
  }
  return taken;
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
