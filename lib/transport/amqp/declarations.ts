import type { Channel } from 'amqplib';
import { closeInTime } from '../../amqp/close-in-time.ts';
import type { AmqpConnection } from '../../amqp/connection.ts';
import { refusedError } from '../../amqp/failures.ts';
import { UmbelError } from '../../contract/errors.ts';
import type { Queue } from '../transport.ts';
import { bindDelays, DELIVERY_EXCHANGE, declareDelays } from './delayed-delivery.ts';
import { type BroadcastSettings, declareBroadcast, declareQueue } from './topology.ts';

/** More names than that are declared again from time to time. */
const MAX_NAMES = 10_000;

/**
 * What this connection has declared or found: each queue and exchange is declared before its first message, once for
 * each connection, on a channel of its own, because the broker closes the channel of a refused declaration.
 */
export class Declarations {
  readonly #connection: AmqpConnection;
  readonly #broadcasts: BroadcastSettings;
  readonly #delayedQueueType: 'classic' | 'quorum';
  readonly #made = new Map<string, Promise<void> | true>();
  readonly #queueNames = new Set<string>();

  constructor(
    connection: AmqpConnection,
    broadcasts: BroadcastSettings,
    delayedQueueType: 'classic' | 'quorum',
  ) {
    this.#connection = connection;
    this.#broadcasts = broadcasts;
    this.#delayedQueueType = delayedQueueType;
    connection.onDown(() => this.#made.clear());
  }

  /** Declares a queue with its exchange and binding; null when that was done before. */
  queue(queue: Queue): Promise<void> | null {
    return this.#once(`queue ${queue.name}`, () => this.#declare(queue));
  }

  /** The same for a queue to which a message comes later, see delayed-delivery.ts. */
  delayedQueue(queue: Queue): Promise<void> | null {
    return this.#once(`delayed ${queue.name}`, async () => {
      await this.#declare(queue);
      const what = 'set up delayed delivery';
      if (!(await this.#exists(DELIVERY_EXCHANGE))) {
        await onOwnChannel(this.#connection, what, (channel) =>
          declareDelays(channel, this.#delayedQueueType),
        );
      }
      await onOwnChannel(this.#connection, what, (channel) => bindDelays(channel, queue));
    });
  }

  /** Declares the exchange of a broadcast; null when that was done before. */
  broadcast(name: string): Promise<void> | null {
    return this.#once(`broadcast ${name}`, () =>
      onOwnChannel(this.#connection, `declare the exchange "${name}"`, (channel) =>
        declareBroadcast(channel, name, this.#broadcasts),
      ),
    );
  }

  /** Finds out whether an exchange of somebody else exists: a message to one that does not ends the channel. */
  exchange(name: string): Promise<void> | null {
    return this.#once(`exchange ${name}`, () => this.#find(name));
  }

  /** Names of the queues declared here, also over connections that are lost. */
  queueNames(): string[] {
    return [...this.#queueNames];
  }

  /** Something is gone after all. */
  forget(): void {
    this.#made.clear();
  }

  async #declare(queue: Queue): Promise<void> {
    const { name } = queue;
    await onOwnChannel(this.#connection, `declare the queue "${name}"`, (channel) =>
      declareQueue(channel, queue),
    );
    if (this.#queueNames.size < MAX_NAMES) this.#queueNames.add(name);
  }

  async #find(exchange: string): Promise<void> {
    await onOwnChannel(this.#connection, `find the exchange "${exchange}"`, (channel) =>
      channel.checkExchange(exchange),
    );
  }

  async #exists(exchange: string): Promise<boolean> {
    try {
      await this.#find(exchange);
      return true;
    } catch (error) {
      if (error instanceof UmbelError && error.code === 'not_found') return false;
      throw error;
    }
  }

  #once(key: string, declare: () => Promise<void>): Promise<void> | null {
    const known = this.#made.get(key);
    if (known === true) return null;
    if (known !== undefined) return known;
    if (this.#made.size >= MAX_NAMES) this.#made.clear();
    const making = declare().then(
      () => {
        if (this.#made.get(key) === making) this.#made.set(key, true);
      },
      (error: unknown) => {
        if (this.#made.get(key) === making) this.#made.delete(key);
        throw error;
      },
    );
    this.#made.set(key, making);
    return making;
  }
}

/** Does something on a channel that may be closed by it. Throws what the broker says as an `UmbelError`. */
export async function onOwnChannel<T>(
  connection: AmqpConnection,
  what: string,
  work: (channel: Channel) => Promise<T>,
): Promise<T> {
  let channel: Channel | null = null;
  try {
    channel = await connection.model.createChannel();
    // The error also comes as the failure of what was asked.
    channel.on('error', () => {});
    return await work(channel);
  } catch (error) {
    throw refusedError(error, what, connection.address.display);
  } finally {
    if (channel) await closeInTime(channel);
  }
}
