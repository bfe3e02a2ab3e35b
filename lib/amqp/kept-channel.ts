import type { Channel, ChannelModel } from 'amqplib';
import { UmbelError } from '../contract/errors.ts';
import { backoffMs } from '../util/backoff.ts';
import type { Logger } from '../util/logger.ts';
import type { Service } from '../util/service.ts';
import { closeInTime } from './close-in-time.ts';
import type { AmqpConnection } from './connection.ts';
import { ConnectionLost, messageOf, refusedError, replyCode } from './failures.ts';

export interface KeptChannelOptions<C extends Channel> {
  readonly connection: AmqpConnection;
  readonly logger: Logger;
  /** What it does, for the log: `consume from celery`. */
  readonly what: string;
  /** How it is opened: with or without publisher confirms. */
  readonly open: (model: ChannelModel) => Promise<C>;
  /** Runs on each new channel before it counts as open: declares and consumes. May throw. */
  readonly setup: (channel: C) => Promise<void>;
  /** The channel is gone, and everything that was delivered or sent on it and not settled. */
  readonly onLost?: (reason: string) => void;
  /** A new one is set up after a loss. */
  readonly onRestored?: () => void;
}

const BACKOFF = { baseMs: 100, maxMs: 5_000 };
const STABLE_MS = 5_000;

/**
 * A channel that is there again after each loss of itself or of its connection. The broker closes a channel for every
 * refusal, so its owner must set up everything on it anew.
 */
export class KeptChannel<C extends Channel> implements Service {
  readonly #options: KeptChannelOptions<C>;
  readonly #unsubscribe: (() => void)[] = [];
  #channel: C | null = null;
  #waiters: (() => void)[] = [];
  #opening: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #attempt = 0;
  #openedAt = 0;
  #isStopped = false;
  #hasStarted = false;

  constructor(options: KeptChannelOptions<C>) {
    this.#options = options;
  }

  /** The channel, set up; null while there is none. */
  get channel(): C | null {
    return this.#channel;
  }

  /** Opens it, once. Throws what the broker or `setup` says the first time. */
  async start(): Promise<void> {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    const { connection } = this.#options;
    try {
      await this.#open();
    } catch (error) {
      this.#hasStarted = false;
      throw refusedError(error, this.#options.what, connection.address.display);
    }
    this.#unsubscribe.push(
      connection.onUp(() => void this.#reopen()),
      connection.onDown((reason) => this.#lose(reason)),
    );
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    if (this.#retry) clearTimeout(this.#retry);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#opening?.catch(() => {});
    const channel = this.#channel;
    this.#channel = null;
    if (channel) await closeInTime(channel);
  }

  /** Waits until the channel is there, or will not be any more. */
  async ready(): Promise<void> {
    if (this.#channel || this.#isStopped) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Closes the channel and opens another: everything on it is set up anew. */
  async renew(reason: string): Promise<void> {
    const channel = this.#channel;
    this.#lose(reason);
    if (channel) await closeInTime(channel);
    await this.#reopen();
  }

  #open(): Promise<void> {
    this.#opening ??= this.#make().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #make(): Promise<void> {
    const { connection, open, setup } = this.#options;
    const channel = await open(connection.model);
    let reason = 'the broker closed the channel';
    let isClosed = false;
    channel.on('error', (error: Error) => {
      reason = messageOf(error);
    });
    channel.on('handler-error', (error: Error) => {
      this.#options.logger.error(`Cannot ${this.#options.what}: ${messageOf(error)}`);
    });
    channel.on('close', () => {
      isClosed = true;
      // The channels of a lost connection are closed just before it says so, and it knows the reason.
      queueMicrotask(() => {
        if (this.#channel !== channel) return;
        this.#lose(reason);
        if (connection.isUp) this.#reopenLater(reason);
      });
    });
    try {
      await setup(channel);
    } catch (error) {
      // A closed channel fails whatever waits on it; only the broker's own answer says why.
      if (isClosed && replyCode(error) === null && !(error instanceof UmbelError)) {
        // With the connection lost too, that knows the reason.
        throw new ConnectionLost(connection.isUp ? reason : connection.lastReason, { cause: error });
      }
      await closeInTime(channel);
      throw error;
    }
    if (isClosed) throw new ConnectionLost(reason);
    this.#channel = channel;
    this.#openedAt = performance.now();
  }

  #lose(reason: string): void {
    if (this.#channel === null) return;
    this.#channel = null;
    if (performance.now() - this.#openedAt > STABLE_MS) this.#attempt = 0;
    this.#options.onLost?.(reason);
  }

  #reopenLater(reason: string): void {
    if (this.#isStopped || this.#retry) return;
    const { logger, connection, what } = this.#options;
    logger.warning(
      `${connection.address.display} closed the channel to ${what}: ${reason}. Opening another.`,
    );
    const wait = backoffMs(this.#attempt, BACKOFF);
    this.#attempt += 1;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      void this.#reopen();
    }, wait);
  }

  async #reopen(): Promise<void> {
    const { connection, onRestored } = this.#options;
    if (this.#isStopped || !connection.isUp || this.#channel) return;
    try {
      await this.#open();
    } catch (error) {
      if (connection.isUp) this.#reopenLater(messageOf(error));
      return;
    }
    if (this.#isStopped) return;
    onRestored?.();
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
