import type { Channel, ConsumeMessage } from 'amqplib';
import type { AmqpConnection } from '../../amqp/connection.ts';
import { messageOf } from '../../amqp/failures.ts';
import { KeptChannel } from '../../amqp/kept-channel.ts';
import { encodeTable } from '../../amqp/table.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import { uuid } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { ReplyQueue, ReplyQueueOptions } from '../transport.ts';
import { type BroadcastSettings, mailboxOptions } from './topology.ts';
import { decodeMessage } from './wire.ts';

export interface ReplyQueueParts {
  readonly connection: AmqpConnection;
  readonly logger: Logger;
  readonly broadcasts: BroadcastSettings;
  readonly onClosed: (queue: AmqpReplyQueue) => void;
}

/**
 * A queue for answers. Those to remote control belong to the connection (exclusive) and get a new name with each. Those
 * that keep their routing key (results over rpc://) outlive a lost connection: what comes meanwhile is kept, and what was
 * on its way here comes again.
 */
export class AmqpReplyQueue implements ReplyQueue {
  readonly exchange: string;
  readonly #parts: ReplyQueueParts;
  readonly #options: ReplyQueueOptions;
  readonly #onMessage: (message: WireMessage) => void;
  readonly #kept: KeptChannel<Channel>;
  #routingKey: string;

  constructor(
    parts: ReplyQueueParts,
    exchange: string,
    onMessage: (message: WireMessage) => void,
    options: ReplyQueueOptions,
  ) {
    this.exchange = exchange;
    this.#parts = parts;
    this.#options = options;
    this.#onMessage = onMessage;
    this.#routingKey = options.routingKey ?? uuid();
    this.#kept = new KeptChannel<Channel>({
      connection: parts.connection,
      logger: parts.logger,
      what: 'read replies',
      open: (model) => model.createChannel(),
      setup: (channel) => this.#setUp(channel),
      onLost: () => {
        this.#routingKey = options.routingKey ?? uuid();
      },
    });
  }

  get routingKey(): string {
    return this.#routingKey;
  }

  open(): Promise<void> {
    return this.#kept.start();
  }

  async close(): Promise<void> {
    // What waits in it is for nobody else.
    const { channel } = this.#kept;
    await channel?.deleteQueue(this.#queue).catch(() => {});
    await this.#kept.stop();
    this.#parts.onClosed(this);
  }

  get #queue(): string {
    return this.exchange === '' ? this.#routingKey : `${this.#routingKey}.${this.exchange}`;
  }

  async #setUp(channel: Channel): Promise<void> {
    const { exchange } = this;
    const queue = this.#queue;
    const { routingKey, expiresSeconds } = this.#options;
    const isLasting = routingKey !== undefined;
    if (exchange !== '') await channel.assertExchange(exchange, 'direct', { durable: false });
    const lasting = {
      durable: true,
      arguments: encodeTable(expiresSeconds ? { 'x-expires': Math.round(expiresSeconds * 1000) } : {}),
    };
    await channel.assertQueue(queue, isLasting ? lasting : mailboxOptions(exchange, this.#parts.broadcasts));
    if (exchange !== '') await channel.bindQueue(queue, exchange, this.#routingKey);
    const acks = isLasting ? new TurnAcks(channel) : null;
    await channel.consume(
      queue,
      (message) => {
        if (!message) {
          void this.#kept.renew('its queue was deleted');
          return;
        }
        acks?.add(message);
        this.#receive(decodeMessage(message));
      },
      { noAck: !isLasting },
    );
  }

  #receive(message: WireMessage): void {
    try {
      this.#onMessage(message);
    } catch (error) {
      this.#parts.logger.warning(`A reply cannot be read: ${messageOf(error)}`);
    }
  }
}

/** Acks all that came in one turn of the event loop together. */
class TurnAcks {
  readonly #channel: Channel;
  #last: ConsumeMessage | null = null;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  add(message: ConsumeMessage): void {
    const isPlanned = this.#last !== null;
    this.#last = message;
    if (!isPlanned) setImmediate(() => this.#write());
  }

  #write(): void {
    const last = this.#last;
    this.#last = null;
    try {
      if (last) this.#channel.ack(last, true);
    } catch {
      // The channel has gone: the broker sends them again, and they are known already.
    }
  }
}
