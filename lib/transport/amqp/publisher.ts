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
import { asText, encodeBody, encodeProperties } from './wire.ts';

export interface PublisherParts {
  readonly connection: AmqpConnection;
  readonly declarations: Declarations;
  readonly logger: Logger;
  readonly options: AmqpTransportOptions;
}

/** One message on its way. */
interface Item {
  readonly number: number;
  readonly destination: Destination;
  readonly message: WireMessage;
  readonly content: Buffer;
  readonly isBroadcast: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  timer: NodeJS.Timeout | null;
  /** Sendings so far that came to nothing. */
  failures: number;
  isReturned: boolean;
  isSettled: boolean;
}

/** Bytes that may be unconfirmed or wait for the connection; beyond that `publish` rejects at once. */
const MAX_BYTES = 256 * 1024 * 1024;
/** A message that was on so many channels that the broker closed is taken for the cause. */
const MAX_FAILURES = 3;

/**
 * Sends messages and waits for the broker's word on each (publisher confirms). What the broker has not confirmed when
 * the connection is lost is sent again: it may arrive twice, but not never. While there is no connection, or the broker
 * takes no messages, they wait.
 */
export class Publisher implements Service {
  readonly #parts: PublisherParts;
  readonly #channel: KeptChannel<Channel>;
  readonly #sent = new Set<Item>();
  readonly #waiting = new Set<Item>();
  #confirms: ConfirmChannel | null = null;
  #bytes = 0;
  #count = 0;

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

  async stop(): Promise<void> {
    await this.#channel.stop();
    for (const item of [...this.#waiting, ...this.#sent]) {
      this.#fail(item, this.#unavailable(item, 'the connection was closed'));
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
      this.#count += 1;
      const item: Item = {
        number: this.#count,
        destination,
        message,
        content: encodeBody(message),
        isBroadcast,
        resolve,
        reject,
        timer: null,
        failures: 0,
        isReturned: false,
        isSettled: false,
      };
      const { isStopped } = this.#parts.connection;
      if (isStopped || this.#bytes + item.content.length > MAX_BYTES) {
        const reason = isStopped ? 'the connection was closed' : 'too much is under way already';
        reject(this.#unavailable(item, reason));
        return;
      }
      this.#bytes += item.content.length;
      item.timer = setTimeout(() => this.#expire(item), this.#parts.options.publishDeadlineMs);
      this.#send(item);
    });
  }

  #send(item: Item): void {
    if (item.isSettled) return;
    const { connection } = this.#parts;
    if (!this.#channel.channel || connection.blockedReason !== null) {
      this.#waiting.add(item);
      return;
    }
    const declaring = this.#declare(item);
    if (declaring === null) {
      this.#write(item);
      return;
    }
    this.#waiting.add(item);
    declaring.then(
      () => this.#write(item),
      (error: unknown) => {
        // With the connection away it waits for the next.
        const isAway = error instanceof UmbelError && error.code === 'unavailable';
        if (!isAway) this.#fail(item, toError(error));
      },
    );
  }

  #declare({ destination, isBroadcast }: Item): Promise<void> | null {
    const { declarations } = this.#parts;
    const { exchange, queue, isReply } = destination;
    if (isBroadcast) return declarations.broadcast(exchange);
    if (queue && !isReply) return declarations.queue(queue);
    return exchange === '' ? null : declarations.exchange(exchange);
  }

  #write(item: Item): void {
    const channel = this.#channel.channel;
    if (item.isSettled || this.#sent.has(item)) return;
    if (!channel) {
      this.#waiting.add(item);
      return;
    }
    const { destination, message, content, isBroadcast } = item;
    const { exchange, routingKey } = delayedDestination(destination, message, Date.now()) ?? destination;
    this.#waiting.delete(item);
    this.#sent.add(item);
    try {
      const options = { ...encodeProperties(message), mandatory: !isBroadcast };
      if (channel === this.#confirms) {
        this.#confirms.publish(exchange, routingKey, content, options, (error: unknown) =>
          this.#confirmed(item, error),
        );
      } else {
        channel.publish(exchange, routingKey, content, options);
        this.#succeed(item);
      }
    } catch (error) {
      this.#refuse(item, error);
    }
  }

  /** The library could not write it: the channel has just gone, or the message has something that AMQP cannot carry. */
  #refuse(item: Item, error: unknown): void {
    this.#sent.delete(item);
    if (toError(error).name === 'IllegalOperationError') {
      this.#waiting.add(item);
      return;
    }
    const isLarge = error instanceof RangeError;
    const text = isLarge ? 'its headers are too large' : messageOf(error);
    const code = isLarge ? 'too_large' : 'bad_request';
    this.#fail(item, new UmbelError(code, `The message cannot be sent: ${text}.`, { cause: error }));
  }

  #confirmed(item: Item, error: unknown): void {
    if (!this.#sent.delete(item) || item.isSettled) return;
    if (!error) {
      if (item.isReturned) this.#unroutable(item);
      else this.#succeed(item);
    } else if (/nacked/.test(messageOf(error))) {
      this.#fail(item, this.#unavailable(item, 'the broker refused it, as a full queue does'));
    } else {
      // The channel was closed; on the next one it is sent again.
      item.failures += 1;
      this.#waiting.add(item);
    }
  }

  /** No queue took it. The confirm that follows settles it. */
  #returned({ fields, properties }: Message): void {
    const id = asText(properties.correlationId);
    for (const item of this.#sent) {
      const { destination, message } = item;
      if (item.isReturned || message.properties.correlation_id !== id) continue;
      if (destination.exchange !== fields.exchange || destination.routingKey !== fields.routingKey) continue;
      item.isReturned = true;
      return;
    }
  }

  #unroutable(item: Item): void {
    const { exchange, routingKey, queue, isReply } = item.destination;
    item.isReturned = false;
    if (queue && !isReply && item.failures === 0) {
      // Somebody deleted the queue since it was declared here.
      item.failures += 1;
      this.#parts.declarations.forget();
      this.#send(item);
      return;
    }
    const text =
      exchange === ''
        ? `There is no queue "${routingKey}": the message was not sent.`
        : `No queue is bound to exchange "${exchange}" with routing key "${routingKey}": the message was not sent.`;
    this.#fail(item, new UmbelError('not_found', text));
  }

  #lost(reason: string): void {
    const { isUp } = this.#parts.connection;
    this.#parts.declarations.forget();
    // A channel that the broker closed alone was closed because of a message; which one, its words may tell.
    const [, exchange] = /exchange '([^']*)'/.exec(reason) ?? [];
    for (const item of this.#waiting) {
      const isCause =
        isUp && item.failures > 0 && (item.failures > MAX_FAILURES || item.destination.exchange === exchange);
      if (isCause) this.#fail(item, this.#unavailable(item, reason));
    }
  }

  #sendWaiting(): void {
    for (const item of [...this.#waiting].sort((a, b) => a.number - b.number)) this.#send(item);
  }

  #expire(item: Item): void {
    const { connection, options } = this.#parts;
    if (connection.blockedReason !== null) {
      // The broker takes nothing for now, and the log says so: the message waits.
      item.timer = setTimeout(() => this.#expire(item), options.publishDeadlineMs);
      return;
    }
    const isSent = this.#sent.has(item);
    const reason = isSent
      ? 'no answer yet; it may still arrive there'
      : connection.lastReason || 'not connected';
    this.#fail(item, this.#unavailable(item, reason));
  }

  #unavailable({ destination }: Item, reason: string): UmbelError {
    const { display } = this.#parts.connection.address;
    const to = destination.queue?.name ?? (destination.routingKey || destination.exchange);
    return new UmbelError('unavailable', `Cannot publish to ${to} at ${display}: ${reason}.`);
  }

  #succeed(item: Item): void {
    this.#settle(item);
    item.resolve();
  }

  #fail(item: Item, error: Error): void {
    if (item.isSettled) return;
    this.#settle(item);
    item.reject(error);
  }

  #settle(item: Item): void {
    item.isSettled = true;
    this.#sent.delete(item);
    this.#waiting.delete(item);
    this.#bytes -= item.content.length;
    if (item.timer) clearTimeout(item.timer);
  }
}
