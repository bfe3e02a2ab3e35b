import type { Channel } from 'amqplib';
import { closeInTime } from '../../amqp/close-in-time.ts';
import type { AmqpConnection } from '../../amqp/connection.ts';
import { refusedError } from '../../amqp/failures.ts';
import type { Queue } from '../transport.ts';
import { type BroadcastSettings, declareBroadcast, declareQueue } from './topology.ts';

/**
 * What this connection has declared or found: each queue and exchange is declared before its first message, once for
 * each connection, on a channel of its own, because the broker closes the channel of a refused declaration.
 */
export class Declarations {
  readonly #connection: AmqpConnection;
  readonly #broadcasts: BroadcastSettings;
  readonly #made = new Map<string, Promise<void> | true>();

  constructor(connection: AmqpConnection, broadcasts: BroadcastSettings) {
    this.#connection = connection;
    this.#broadcasts = broadcasts;
    connection.onDown(() => this.#made.clear());
  }

  /** Declares a queue with its exchange and binding; null when that was done before. */
  queue(queue: Queue): Promise<void> | null {
    return this.#once(`queue ${queue.name}`, `declare the queue "${queue.name}"`, (channel) =>
      declareQueue(channel, queue),
    );
  }

  /** Declares the exchange of a broadcast; null when that was done before. */
  broadcast(name: string): Promise<void> | null {
    return this.#once(`broadcast ${name}`, `declare the exchange "${name}"`, (channel) =>
      declareBroadcast(channel, name, this.#broadcasts),
    );
  }

  /** Finds out whether an exchange of somebody else exists: a message to one that does not ends the channel. */
  exchange(name: string): Promise<void> | null {
    return this.#once(`exchange ${name}`, `find the exchange "${name}"`, async (channel) => {
      await channel.checkExchange(name);
    });
  }

  /** Names of the queues declared here. */
  queueNames(): string[] {
    const prefix = 'queue ';
    return [...this.#made.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length));
  }

  /** Something is gone after all. */
  forget(): void {
    this.#made.clear();
  }

  #once(key: string, what: string, declare: (channel: Channel) => Promise<void>): Promise<void> | null {
    const known = this.#made.get(key);
    if (known === true) return null;
    if (known !== undefined) return known;
    const making = onOwnChannel(this.#connection, what, declare).then(
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
  try {
    const channel = await connection.model.createChannel();
    // The error also comes as the failure of what was asked.
    channel.on('error', () => {});
    const result = await work(channel);
    await closeInTime(channel);
    return result;
  } catch (error) {
    throw refusedError(error, what, connection.address.display);
  }
}
