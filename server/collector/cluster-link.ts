import type { BackendOptions, ResultBackend } from '../../lib/backend/backend.ts';
import { openBackend } from '../../lib/backend/open.ts';
import { toError, UmbelError } from '../../lib/contract/errors.ts';
import { Mailbox } from '../../lib/control/mailbox.ts';
import { EventReceiver } from '../../lib/events/receiver.ts';
import type { ClusterEvent } from '../../lib/monitor/event-fields.ts';
import { DEFAULT_BROADCASTS } from '../../lib/transport/amqp/topology.ts';
import { openTransport, type TransportOptions } from '../../lib/transport/open.ts';
import type { Transport } from '../../lib/transport/transport.ts';
import { backoffMs } from '../../lib/util/backoff.ts';
import { type LamportClock, nowSeconds } from '../../lib/util/clock.ts';
import type { Logger } from '../../lib/util/logger.ts';
import { maskText, maskUrl } from '../../lib/util/mask.ts';

const MAX_WAIT_MS = 30_000;

export type BrokerOptions = Omit<TransportOptions, 'logger'>;
export type ResultOptions = Omit<BackendOptions, 'logger'>;

export interface ClusterLinkOptions {
  readonly brokerUrl: string;
  /** How to reach it. */
  readonly brokerOptions: BrokerOptions;
  readonly backendUrl: string | null;
  readonly backendOptions: ResultOptions;
  readonly logger: Logger;
  readonly clock: LamportClock;
  readonly onEvents: (events: readonly ClusterEvent[], receivedAt: number) => void;
  /** The broker can be reached now, for the first time or again. */
  readonly onConnected: () => void;
}

interface Parts {
  readonly transport: Transport;
  readonly backend: ResultBackend;
  readonly receiver: EventReceiver;
  readonly mailbox: Mailbox;
}

export interface CommandOptions {
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Names of workers; everybody when absent. */
  readonly destination?: readonly string[];
  readonly timeoutMs?: number;
}

/**
 * The dashboard's line to broker and result store. It starts whether or not the broker is there, keeps trying (at most
 * 30 s apart) and tells its state; every call in the meantime is refused as `unavailable`.
 */
export class ClusterLink {
  readonly displayUrl: string;
  isConnected = false;
  /** Since when it is connected or not. */
  since = nowSeconds();
  nextTryAt: number | null = null;
  /** Why it is not connected, without passwords. */
  trouble: string | null = null;
  readonly #options: ClusterLinkOptions;
  #parts: Parts | null = null;
  /** What is being opened. */
  #opening: Parts | null = null;
  #attempt = 0;
  #timer: NodeJS.Timeout | null = null;
  #connecting: Promise<void> = Promise.resolve();
  #isStopped = true;

  constructor(options: ClusterLinkOptions) {
    this.#options = options;
    this.displayUrl = maskUrl(options.brokerUrl);
  }

  /** Returns after the first try, whatever came of it; throws for a URL that can never work. */
  async start(): Promise<void> {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#connecting = this.#connect();
    await this.#connecting;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#opening) await closeParts(this.#opening);
    // Why it failed was told by `start`.
    await this.#connecting.catch(() => {});
    const parts = this.#parts;
    this.#parts = null;
    this.isConnected = false;
    if (parts) await closeParts(parts);
  }

  get transport(): Transport {
    return this.#demand().transport;
  }

  get backend(): ResultBackend {
    return this.#demand().backend;
  }

  /** Sends a remote control command and gathers the answers by worker. */
  async command(method: string, options: CommandOptions = {}): Promise<Map<string, unknown>> {
    const { destination, timeoutMs = 1000 } = options;
    const replies = await this.#demand().mailbox.broadcast(method, {
      arguments: options.arguments ?? {},
      timeoutMs,
      ...(destination ? { destination: [...destination], limit: destination.length } : {}),
    });
    return new Map(replies.flatMap((reply) => Object.entries(reply)));
  }

  /** Sends a command that nobody answers. */
  async tell(method: string, destination?: readonly string[]): Promise<void> {
    const { mailbox } = this.#demand();
    await mailbox.broadcast(method, {
      reply: false,
      ...(destination ? { destination: [...destination] } : {}),
    });
  }

  /** Whoever talks to the broker on a clock says here how it went: that is how a lost broker is noticed. */
  report(isReachable: boolean, why = ''): void {
    if (this.#parts === null || isReachable === this.isConnected) return;
    const reason = why.replace(/\.$/, '');
    this.#setConnected(isReachable);
    if (isReachable) {
      this.#options.logger.info(`Connected to ${this.displayUrl} again.`);
      this.#options.onConnected();
    } else {
      this.trouble = maskText(`Lost ${this.displayUrl}: ${reason}.`);
      this.#options.logger.error(`Lost the broker ${this.displayUrl}: ${reason}. Trying again …`);
    }
  }

  #demand(): Parts {
    if (this.#parts) return this.#parts;
    throw new UmbelError('unavailable', `The broker ${this.displayUrl} cannot be reached.`);
  }

  async #connect(): Promise<void> {
    this.nextTryAt = null;
    try {
      this.#parts = await this.#open();
      this.#attempt = 0;
      this.#setConnected(true);
      this.#options.logger.info(`Connected to ${this.displayUrl}.`);
      this.#options.onConnected();
    } catch (thrown) {
      // Waiting does not mend a URL; one that was good enough for the first try is.
      const isHopeless =
        thrown instanceof UmbelError && (thrown.code === 'unsupported' || thrown.code === 'bad_config');
      if (isHopeless && this.#attempt === 0) throw thrown;
      this.#retryLater(toError(thrown));
    }
  }

  async #open(): Promise<Parts> {
    const { brokerUrl, brokerOptions, backendUrl, backendOptions, logger, clock, onEvents } = this.#options;
    const transport = openTransport(brokerUrl, { logger, ...brokerOptions });
    const backend = openBackend(backendUrl, { logger, ...backendOptions });
    const { eventExchange, controlExchange } = brokerOptions.broadcasts ?? DEFAULT_BROADCASTS;
    const receiver = new EventReceiver({ transport, onEvents, exchange: eventExchange });
    const mailbox = new Mailbox({ transport, clock, exchange: controlExchange });
    const parts = { transport, backend, receiver, mailbox };
    this.#opening = parts;
    try {
      await transport.start();
      await backend.start();
      await receiver.start();
      return parts;
    } catch (error) {
      await closeParts(parts);
      throw error;
    } finally {
      this.#opening = null;
    }
  }

  #retryLater(error: Error): void {
    if (this.#isStopped) return;
    const waitMs = backoffMs(this.#attempt, { baseMs: 1000, maxMs: MAX_WAIT_MS });
    this.#attempt += 1;
    this.nextTryAt = nowSeconds() + waitMs / 1000;
    this.trouble = maskText(error.message);
    this.#options.logger.error(`${error.message} Next try in ${Math.round(waitMs / 1000)} s.`);
    this.#timer = setTimeout(() => {
      this.#connecting = this.#connect();
    }, waitMs);
  }

  #setConnected(isConnected: boolean): void {
    this.isConnected = isConnected;
    if (isConnected) this.trouble = null;
    this.since = nowSeconds();
  }
}

async function closeParts({ mailbox, receiver, backend, transport }: Parts): Promise<void> {
  // In any state: a part that never started, or whose broker is gone, may fail to say goodbye.
  for (const close of [
    () => mailbox.close(),
    () => receiver.stop(),
    () => backend.stop(),
    () => transport.stop(),
  ]) {
    await Promise.resolve(close()).catch(() => {});
  }
}
