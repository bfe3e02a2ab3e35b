import type { Channel } from 'amqplib';
import type { AmqpConnection } from '../../amqp/connection.ts';
import { messageOf, RESOURCE_LOCKED, replyCode } from '../../amqp/failures.ts';
import { KeptChannel } from '../../amqp/kept-channel.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import { uuid } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { SubscribeOptions, Subscription } from '../transport.ts';
import { onOwnChannel } from './declarations.ts';
import { type BroadcastSettings, declareBroadcast, mailboxOptions } from './topology.ts';
import { decodeMessage } from './wire.ts';

export interface SubscriptionParts {
  readonly connection: AmqpConnection;
  readonly logger: Logger;
  readonly broadcasts: BroadcastSettings;
}

/**
 * A private queue bound to a broadcast exchange: events, or a worker's control mailbox. Unless the settings say
 * otherwise it belongs to the connection (exclusive); each new connection makes it anew.
 */
export class AmqpSubscription implements Subscription {
  readonly #parts: SubscriptionParts;
  readonly #exchange: string;
  readonly #pattern: string;
  readonly #name: string | null;
  readonly #onMessage: (message: WireMessage, routingKey: string) => void;
  readonly #kept: KeptChannel<Channel>;

  constructor(
    parts: SubscriptionParts,
    exchange: string,
    pattern: string,
    onMessage: (message: WireMessage, routingKey: string) => void,
    { queue }: SubscribeOptions,
  ) {
    this.#parts = parts;
    this.#exchange = exchange;
    this.#pattern = pattern;
    this.#name = queue ?? null;
    this.#onMessage = onMessage;
    this.#kept = new KeptChannel<Channel>({
      connection: parts.connection,
      logger: parts.logger,
      what: `listen to ${exchange}`,
      open: (model) => model.createChannel(),
      setup: (channel) => this.#setUp(channel),
    });
  }

  open(): Promise<void> {
    return this.#kept.start();
  }

  /** Waits until it stands, after a lost connection. */
  ready(): Promise<void> {
    return this.#kept.ready();
  }

  close(): Promise<void> {
    return this.#kept.stop();
  }

  async #setUp(channel: Channel): Promise<void> {
    const exchange = this.#exchange;
    await declareBroadcast(channel, exchange, this.#parts.broadcasts);
    const queue = await this.#freeName();
    await channel.assertQueue(queue, mailboxOptions(exchange, this.#parts.broadcasts));
    await channel.bindQueue(queue, exchange, exchange.endsWith('.pidbox') ? '' : this.#pattern);
    await channel.consume(
      queue,
      (message) => {
        if (message) this.#receive(decodeMessage(message), message.fields.routingKey);
        // The queue was deleted: a new channel makes another.
        else void this.#kept.renew('its queue was deleted');
      },
      { noAck: true },
    );
  }

  /** Its own name, or one made of it when another connection has that queue: a lost one of ours, or a worker's. */
  async #freeName(): Promise<string> {
    const { connection, logger, broadcasts } = this.#parts;
    const name = this.#name;
    const isEvents = this.#exchange === broadcasts.eventExchange;
    if (name === null) return `${isEvents ? broadcasts.eventPrefix : this.#exchange}.${uuid()}`;
    try {
      await onOwnChannel(connection, `find the queue "${name}"`, (channel) => channel.checkQueue(name));
    } catch (error) {
      const { cause } = error instanceof Error ? error : {};
      if (replyCode(cause) !== RESOURCE_LOCKED) return name;
      logger.warning(
        `The mailbox ${name} is in use by another connection: a worker of the same name, or one that was lost just now.`,
      );
      return `${name}.${uuid()}`;
    }
    return name;
  }

  #receive(message: WireMessage, routingKey: string): void {
    try {
      this.#onMessage(message, routingKey);
    } catch (error) {
      this.#parts.logger.error(`A listener to ${this.#exchange} failed: ${messageOf(error)}`);
    }
  }
}
