import type { ChannelModel } from 'amqplib';
import { toError, UmbelError } from '../contract/errors.ts';
import { backoffMs } from '../util/backoff.ts';
import type { Logger } from '../util/logger.ts';
import type { Service } from '../util/service.ts';
import { closeInTime } from './close-in-time.ts';
import { type AmqpLink, openLink } from './connect.ts';
import { messageOf } from './failures.ts';
import type { AmqpAddress } from './url.ts';

/*
 * One connection to one of several brokers, as a state machine:
 *
 *   idle ─start→ connecting ─→ up ─(closed, silent, or dropped)→ down ─→ connecting ─→ up …
 *                    └─ first time: start throws      └─ waits 50 ms to 1 s, for ever until stop
 *
 * Each attempt takes the next broker of the list. A watchdog asks a broker that has been silent for a while, and drops
 * the connection when it does not answer: heartbeats alone take two minutes to notice.
 */

export interface AmqpConnectionOptions {
  /** Tried in order; at least one. */
  readonly addresses: readonly AmqpAddress[];
  /** What it is for: `publish` or `consume`. */
  readonly purpose: string;
  readonly logger: Logger;
  /** Limit for one attempt in milliseconds. Default 4000, as Celery's broker_connection_timeout. */
  readonly timeoutMs?: number;
  /** Seconds; the broker may lower it. Default 120, as Celery's `broker_heartbeat`. */
  readonly heartbeat?: number;
  readonly useSsl?: boolean | Readonly<Record<string, unknown>>;
  readonly loginMethod?: string | null;
}

type State = 'idle' | 'connecting' | 'up' | 'down' | 'stopped';

const BACKOFF = { baseMs: 50, maxMs: 1_000 };
/** A connection that stood this long was a good one: the next loss starts again with the shortest wait. */
const STABLE_MS = 2_000;
const WATCH_EVERY_MS = 1_000;
/** A broker that has been silent this long is asked, and must then answer within the limit. */
const ASK_AFTER_MS = 4_000;
const ANSWER_LIMIT_MS = 6_000;

export class AmqpConnection implements Service {
  readonly #options: AmqpConnectionOptions;
  readonly #upListeners = new Set<(isFirst: boolean) => void>();
  readonly #downListeners = new Set<(reason: string) => void>();
  readonly #blockedListeners = new Set<(reason: string | null) => void>();
  #state: State = 'idle';
  #link: AmqpLink | null = null;
  #starting: Promise<void> | null = null;
  #next = 0;
  #attempt = 0;
  #upSince = 0;
  #askedAt: number | null = null;
  #watchedAt = 0;
  #blockedReason: string | null = null;
  #retry: NodeJS.Timeout | null = null;
  #watchdog: NodeJS.Timeout | null = null;
  #lastReason = '';

  constructor(options: AmqpConnectionOptions) {
    this.#options = options;
  }

  /** The broker that is or was connected last. */
  get address(): AmqpAddress {
    const { addresses } = this.#options;
    const address = addresses[this.#next % addresses.length];
    if (address === undefined) throw new UmbelError('bad_config', 'There is no broker URL.');
    return address;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  get isStopped(): boolean {
    return this.#state === 'stopped';
  }

  /** Why the last connection ended or could not be made. */
  get lastReason(): string {
    return this.#lastReason;
  }

  /** Why the broker takes no messages for now (its memory or disk alarm); null when it does. */
  get blockedReason(): string | null {
    return this.#blockedReason;
  }

  /** What the broker says about itself. */
  get serverProperties(): Readonly<Record<string, unknown>> {
    return { ...this.#link?.model.connection.serverProperties };
  }

  /** The open connection. Throws when there is none now. */
  get model(): ChannelModel {
    if (this.#link && this.isUp) return this.#link.model;
    throw new UmbelError('unavailable', `Not connected to ${this.address.display}: ${this.#lastReason}.`);
  }

  /** Connects, once; each broker is tried. Throws what the last of them said. */
  start(): Promise<void> {
    this.#starting ??= this.#begin().catch((error: unknown) => {
      this.#starting = null;
      throw error;
    });
    return this.#starting;
  }

  async stop(): Promise<void> {
    const link = this.#link;
    const wasUp = this.isUp;
    this.#state = 'stopped';
    if (this.#retry) clearTimeout(this.#retry);
    if (this.#watchdog) clearInterval(this.#watchdog);
    if (!link) return;
    if (wasUp) this.#tell(this.#downListeners, 'stopped');
    await closeInTime(link.model);
    link.destroy();
    this.#link = null;
  }

  /** Calls back when the connection is there (again). Returns how to stop. */
  onUp(listener: (isFirst: boolean) => void): () => void {
    this.#upListeners.add(listener);
    return () => this.#upListeners.delete(listener);
  }

  onDown(listener: (reason: string) => void): () => void {
    this.#downListeners.add(listener);
    return () => this.#downListeners.delete(listener);
  }

  /** Calls back when the broker stops taking messages, with its reason, and with null when it takes them again. */
  onBlocked(listener: (reason: string | null) => void): () => void {
    this.#blockedListeners.add(listener);
    return () => this.#blockedListeners.delete(listener);
  }

  /** Gives up the connection and makes a new one, because of `reason`. */
  drop(reason: string): void {
    if (this.#state !== 'up') return;
    this.#state = 'down';
    this.#lastReason = reason;
    this.#askedAt = null;
    this.#setBlocked(null);
    if (performance.now() - this.#upSince > STABLE_MS) this.#attempt = 0;
    this.#options.logger.warning(
      `Connection to ${this.address.display} lost (${this.#options.purpose}): ${reason}. Connecting again.`,
    );
    this.#link?.destroy();
    this.#link = null;
    this.#tell(this.#downListeners, reason);
    if (this.#options.addresses.length > 1) this.#next += 1;
    this.#retryLater();
  }

  async #begin(): Promise<void> {
    this.#state = 'connecting';
    const { length } = this.#options.addresses;
    for (let tried = 1; ; tried += 1) {
      try {
        await this.#connect();
        break;
      } catch (error) {
        if (tried < length) {
          this.#options.logger.warning(`${toError(error).message} Trying the next broker.`);
          this.#next += 1;
          continue;
        }
        if (this.#state === 'connecting') this.#state = 'idle';
        throw error;
      }
    }
    this.#rise(true);
    this.#watchedAt = performance.now();
    this.#watchdog = setInterval(() => this.#watch(), WATCH_EVERY_MS);
    this.#watchdog.unref();
  }

  async #connect(): Promise<void> {
    const { purpose, heartbeat = 120, timeoutMs = 4_000, useSsl = false, loginMethod = null } = this.#options;
    const { address } = this;
    const link = await openLink({
      address,
      name: `umbel ${process.pid} ${purpose}`,
      heartbeat: address.heartbeat ?? heartbeat,
      timeoutMs: address.connectTimeout === null ? timeoutMs : address.connectTimeout * 1000,
      useSsl,
      loginMethod,
    });
    const { model } = link;
    let reason = 'the broker closed it';
    // Heard before anything else: an error that nobody hears ends the process.
    model.on('error', (error: Error) => {
      reason = messageOf(error);
    });
    if (this.#state !== 'connecting') {
      link.destroy();
      throw new UmbelError('unavailable', `The connection to ${address.display} was closed.`);
    }
    this.#link = link;
    model.on('close', (error?: Error) => {
      if (this.#link === link) this.drop(error ? messageOf(error) : reason);
    });
    model.on('blocked', (why: string) => this.#setBlocked(why));
    model.on('unblocked', () => this.#setBlocked(null));
  }

  #rise(isFirst: boolean): void {
    const { logger } = this.#options;
    this.#state = 'up';
    this.#upSince = performance.now();
    if (!isFirst) logger.warning(`Connection to ${this.address.display} is back (${this.#options.purpose}).`);
    this.#tell(this.#upListeners, isFirst);
  }

  #retryLater(): void {
    const wait = backoffMs(this.#attempt, BACKOFF);
    this.#attempt += 1;
    this.#retry = setTimeout(() => void this.#tryAgain(), wait);
  }

  async #tryAgain(): Promise<void> {
    if (this.#state !== 'down') return;
    this.#state = 'connecting';
    try {
      await this.#connect();
      if (this.#state === 'connecting') this.#rise(false);
    } catch (error) {
      if (this.#state !== 'connecting') return;
      this.#state = 'down';
      const reason = messageOf(error);
      const log = reason === this.#lastReason ? this.#options.logger.debug : this.#options.logger.warning;
      log(`${reason} Trying again.`);
      this.#lastReason = reason;
      this.#next += 1;
      this.#retryLater();
    }
  }

  #setBlocked(reason: string | null): void {
    if (reason === this.#blockedReason) return;
    this.#blockedReason = reason;
    const { logger } = this.#options;
    const { display } = this.address;
    if (reason !== null) {
      logger.warning(`${display} takes no messages for now (${reason}): what is sent waits until it does.`);
    } else if (this.isUp) {
      logger.warning(`${display} takes messages again.`);
    }
    this.#tell(this.#blockedListeners, reason);
  }

  #watch(): void {
    const now = performance.now();
    const wasLate = now - this.#watchedAt > WATCH_EVERY_MS * 2;
    this.#watchedAt = now;
    const link = this.#link;
    if (!this.isUp || link === null) return;
    const heardAt = link.heardAt();
    if (this.#askedAt !== null && heardAt >= this.#askedAt) this.#askedAt = null;
    if (this.#askedAt === null) {
      if (now - heardAt > ASK_AFTER_MS) this.#ask(link, now);
    } else if (wasLate) {
      // This process was frozen: the answer may lie unread.
      this.#askedAt = now;
    } else if (now - this.#askedAt > ANSWER_LIMIT_MS && this.#blockedReason === null) {
      this.drop(`no answer for ${(ASK_AFTER_MS + ANSWER_LIMIT_MS) / 1000} s`);
    }
  }

  #ask(link: AmqpLink, now: number): void {
    this.#askedAt = now;
    // A failed question closes the connection, which drops it.
    link.ask().catch(() => {});
  }

  #tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of [...listeners]) listener(value);
  }
}
