import type { Channel, ConfirmChannel, Message } from 'amqplib';
import type { AmqpConnection } from '../../amqp/connection.ts';
import { messageOf } from '../../amqp/failures.ts';
import { KeptChannel } from '../../amqp/kept-channel.ts';
import { toError, UmbelError } from '../../contract/errors.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { Logger } from '../../util/logger.ts';
import type { Service } from '../../util/service.ts';
import type { Destination } from '../transport.ts';
import type { Declarations } from './declarations.ts';
import { delayedDestination } from './delayed-delivery.ts';
import type { AmqpTransportOptions } from './options.ts';
import { type Item, Outgoing } from './outgoing.ts';
import { asText, encodeBody, encodeProperties } from './wire.ts';

export interface PublisherParts {
  readonly connection: AmqpConnection;
  readonly declarations: Declarations;
  readonly logger: Logger;
  readonly options: AmqpTransportOptions;
}

/** A message that was on so many channels that the broker closed is taken for the cause. */
const MAX_FAILURES = 3;
const STOP_LIMIT_MS = 2000;

/**
 * Sends messages and waits for the broker's word on each (publisher confirms). What the broker has not confirmed when
 * the connection is lost is sent again: it may arrive twice, but not never. While there is no connection, or the broker
 * takes no messages, they wait. Without confirms a message counts as sent when the socket has taken it.
 */
export class Publisher implements Service {
  readonly #parts: PublisherParts;
  readonly #channel: KeptChannel<Channel>;
  readonly #outgoing = new Outgoing();
  #confirms: ConfirmChannel | null = null;

  constructor(parts: PublisherParts) {
    const { connection, logger, options } = parts;
    this.#parts = parts;
    this.#channel = new KeptChannel<Channel>({
      connection,
      logger,
      what: 'publish',
      open: async (model) => {
        if (!options.confirmPublish) return model.createChannel();
        this.#confirms = await model.createConfirmChannel();
        return this.#confirms;
      },
      setup: async (channel) => {
        channel.on('return', (message: Message) => this.#returned(message));
        channel.on('drain', () => this.#drained(channel));
      },
      onLost: (reason) => this.#lost(reason),
      onRestored: () => this.#sendWaiting(),
    });
    connection.onBlocked((reason) => {
      if (reason === null) this.#sendWaiting();
    });
  }

  start(): Promise<void> {
    return this.#channel.start();
  }

  /** Waits for the broker's word on what is under way, 2 s at most. */
  async stop(): Promise<void> {
    const { connection } = this.#parts;
    if (connection.isUp && connection.blockedReason === null) await this.#outgoing.settled(STOP_LIMIT_MS);
    await this.#channel.stop();
    for (const item of [...this.#outgoing.waiting, ...this.#outgoing.sent]) {
      this.#outgoing.fail(item, this.#unavailable(item, 'the connection was closed'));
    }
  }

  /** Resolves when the broker has the message. */
  publish(destination: Destination, message: WireMessage, isBroadcast = false): Promise<void> {
    const { exchange, routingKey } = destination;
    if (exchange === '' && routingKey === '') {
      return Promise.reject(
        new UmbelError('bad_request', 'A message needs a queue: its routing key is empty.'),
      );
    }
    return new Promise((resolve, reject) => {
      const { connection, options } = this.#parts;
      const what = { destination, message, content: encodeBody(message), isBroadcast, resolve, reject };
      const item = connection.isStopped ? null : this.#outgoing.add(what);
      if (item === null) {
        const reason = connection.isStopped ? 'the connection was closed' : 'too much is under way already';
        reject(this.#unavailable(what, reason));
        return;
      }
      item.timer = setTimeout(() => this.#expire(item), options.publishDeadlineMs);
      this.#send(item);
    });
  }

  #send(item: Item): void {
    if (item.isSettled) return;
    const { connection } = this.#parts;
    if (!this.#channel.channel || connection.blockedReason !== null) {
      this.#outgoing.wait(item);
      return;
    }
    const declaring = this.#declare(item);
    if (declaring === null) {
      this.#write(item);
      return;
    }
    this.#outgoing.wait(item);
    declaring.then(
      () => this.#write(item),
      (error: unknown) => {
        // With the connection away it waits for the next.
        if (connection.isUp) this.#outgoing.fail(item, toError(error));
      },
    );
  }

  #declare({ destination, message, isBroadcast }: Item): Promise<void> | null {
    const { declarations } = this.#parts;
    const { exchange, queue, isReply } = destination;
    if (isBroadcast) return declarations.broadcast(exchange);
    if (queue && !isReply) {
      const isDelayed = delayedDestination(destination, message, Date.now()) !== null;
      return isDelayed ? declarations.delayedQueue(queue) : declarations.queue(queue);
    }
    return exchange === '' ? null : declarations.exchange(exchange);
  }

  #write(item: Item): void {
    const channel = this.#channel.channel;
    if (item.isSettled || this.#outgoing.sent.has(item)) return;
    if (!channel) {
      this.#outgoing.wait(item);
      return;
    }
    const { destination, message, content, isBroadcast } = item;
    const to = delayedDestination(destination, message, Date.now()) ?? destination;
    this.#outgoing.send(item, to);
    try {
      const options = { ...encodeProperties(message), mandatory: !isBroadcast };
      if (channel === this.#confirms) {
        this.#confirms.publish(to.exchange, to.routingKey, content, options, (error: unknown) =>
          this.#confirmed(item, error),
        );
      } else if (channel.publish(to.exchange, to.routingKey, content, options)) {
        this.#outgoing.succeed(item);
      }
    } catch (error) {
      this.#refuse(item, error);
    }
  }

  /** The library could not write it: the channel has just gone, or the message has something that AMQP cannot carry. */
  #refuse(item: Item, error: unknown): void {
    if (toError(error).name === 'IllegalOperationError') {
      this.#outgoing.wait(item);
      return;
    }
    const isLarge = error instanceof RangeError;
    const text = isLarge ? 'its headers are too large' : messageOf(error);
    const code = isLarge ? 'too_large' : 'bad_request';
    this.#outgoing.fail(item, new UmbelError(code, `The message cannot be sent: ${text}.`, { cause: error }));
  }

  #confirmed(item: Item, error: unknown): void {
    if (item.isSettled || !this.#outgoing.sent.has(item)) return;
    if (!error) {
      if (item.isReturned) this.#unroutable(item);
      else this.#outgoing.succeed(item);
    } else if (/nacked/.test(messageOf(error))) {
      this.#nacked(item);
    } else {
      // The channel was closed; on the next one it is sent again.
      item.failures += 1;
      this.#outgoing.wait(item);
    }
  }

  /** A queue did not take it: it is full, or was deleted at that moment. */
  #nacked(item: Item): void {
    const { isBroadcast, destination } = item;
    if (isBroadcast) {
      // One of those who listen has just gone. The others have it, and must not get it twice.
      this.#outgoing.succeed(item);
    } else if (destination.isReply && item.failures === 0) {
      // Sent again, it is returned when its queue is gone for good.
      item.failures += 1;
      this.#outgoing.wait(item);
      this.#write(item);
    } else {
      this.#outgoing.fail(item, this.#unavailable(item, 'the broker refused it, as a full queue does'));
    }
  }

  /** No queue took it. The confirm that follows settles it. */
  #returned({ fields, properties }: Message): void {
    const id = asText(properties.correlationId);
    for (const item of this.#outgoing.sent) {
      const { sentTo, message } = item;
      if (item.isReturned || message.properties.correlation_id !== id) continue;
      if (sentTo?.exchange !== fields.exchange || sentTo.routingKey !== fields.routingKey) continue;
      item.isReturned = true;
      return;
    }
  }

  #unroutable(item: Item): void {
    const { queue, isReply } = item.destination;
    if (queue && !isReply && item.failures === 0) {
      // Somebody deleted the queue since it was declared here.
      item.failures += 1;
      this.#parts.declarations.forget();
      this.#outgoing.wait(item);
      this.#send(item);
      return;
    }
    const { exchange, routingKey } = item.sentTo ?? item.destination;
    const text =
      exchange === ''
        ? `There is no queue "${routingKey}": the message was not sent.`
        : `No queue is bound to exchange "${exchange}" with routing key "${routingKey}": the message was not sent.`;
    this.#outgoing.fail(item, new UmbelError('not_found', text));
  }

  /** Without confirms: the socket has taken what was written. */
  #drained(channel: Channel): void {
    if (channel === this.#confirms) return;
    for (const item of this.#outgoing.sent) this.#outgoing.succeed(item);
  }

  #lost(reason: string): void {
    const { connection, declarations, options } = this.#parts;
    declarations.forget();
    if (!options.confirmPublish) for (const item of this.#outgoing.sent) this.#outgoing.wait(item);
    // A channel that the broker closed alone was closed because of a message; which one, its words may tell.
    const [, exchange] = /exchange '([^']*)'/.exec(reason) ?? [];
    for (const item of this.#outgoing.waiting) {
      const isCause =
        connection.isUp &&
        item.failures > 0 &&
        (item.failures > MAX_FAILURES || item.sentTo?.exchange === exchange);
      if (isCause) this.#outgoing.fail(item, this.#unavailable(item, reason));
    }
  }

  #sendWaiting(): void {
    for (const item of this.#outgoing.inOrder()) this.#send(item);
  }

  #expire(item: Item): void {
    const { connection, options } = this.#parts;
    if (connection.blockedReason !== null) {
      // The broker takes nothing for now, and the log says so: the message waits.
      item.timer = setTimeout(() => this.#expire(item), options.publishDeadlineMs);
      return;
    }
    const isSent = this.#outgoing.sent.has(item);
    const reason = isSent
      ? 'no answer yet; it may still arrive there'
      : connection.lastReason || 'not connected';
    this.#outgoing.fail(item, this.#unavailable(item, reason));
  }

  #unavailable({ destination }: Pick<Item, 'destination'>, reason: string): UmbelError {
    const { display } = this.#parts.connection.address;
    const to = destination.queue?.name ?? (destination.routingKey || destination.exchange);
    return new UmbelError('unavailable', `Cannot publish to ${to} at ${display}: ${reason}.`);
  }
}
