import type { Channel, Message } from 'amqplib';
import { messageOf } from '../../amqp/failures.ts';
import { toError } from '../../contract/errors.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { Logger } from '../../util/logger.ts';
import type { Destination } from '../transport.ts';
import type { Deliveries, Entry } from './deliveries.ts';
import { isQuorum, PARKED_QUEUE } from './topology.ts';

export interface SettlerParts {
  readonly deliveries: Deliveries;
  readonly channel: () => Channel | null;
  readonly publish: (destination: Destination, message: WireMessage) => Promise<void>;
  readonly logger: Logger;
}

const NOTHING = Buffer.alloc(0);
/** A message that could not be moved stays here for a while, or it would come again at once and for ever. */
const STAY_MS = 5_000;

/**
 * Tells the broker what became of messages, in batches: acks that leave no gap travel as one.
 *
 * A message that goes back after its task ran (`requeue`) must be counted, or one that kills its process would run for
 * ever. Quorum queues count by themselves; for others a copy with `x-delivery-count` goes to the end of the queue, and
 * only then the message is acked: a crash in between leaves two of it, never none.
 */
export class Settler {
  readonly #parts: SettlerParts;
  readonly #acked: number[] = [];
  readonly #released: number[] = [];
  readonly #rejected: number[] = [];
  readonly #refused: number[] = [];
  readonly #moving = new Set<Promise<void>>();

  constructor(parts: SettlerParts) {
    this.#parts = parts;
  }

  /** What was not written belongs to a channel that is gone. */
  reset(): void {
    this.#acked.length = 0;
    this.#released.length = 0;
    this.#rejected.length = 0;
    this.#refused.length = 0;
  }

  ack(entry: Entry): void {
    this.#acked.push(entry.number);
  }

  /** Back to where it was in its queue. */
  release(entry: Entry): void {
    this.#released.push(entry.number);
  }

  /** Away, to the dead-letter exchange of its queue if it has one. */
  refuse(entry: Entry): void {
    this.#refused.push(entry.number);
  }

  requeue(entry: Entry): void {
    const { queue, message } = entry;
    if (isQuorum(queue)) {
      this.#rejected.push(entry.number);
      return;
    }
    const count = message.headers['x-delivery-count'];
    const headers = {
      ...message.headers,
      redelivered: true,
      'x-delivery-count': typeof count === 'number' ? count + 1 : 1,
    };
    this.#move(entry, { exchange: '', routingKey: queue.name }, { ...message, headers });
  }

  park(entry: Entry, reason: string): void {
    const { queue, message } = entry;
    const headers = {
      ...message.headers,
      'x-umbel-reason': reason.slice(0, 1000),
      'x-umbel-queue': queue.name,
      'x-umbel-parked-at': new Date().toISOString(),
    };
    const { expiration: _, ...properties } = message.properties;
    const destination = { exchange: '', routingKey: PARKED_QUEUE.name, queue: PARKED_QUEUE };
    this.#move(entry, destination, { ...message, headers, properties });
  }

  /** Writes what was settled since the last call. */
  write(): void {
    const channel = this.#parts.channel();
    if (!channel) {
      this.reset();
      return;
    }
    try {
      this.#writeTo(channel);
    } catch (error) {
      // The channel is closed and we are about to hear of it: the broker has everything back.
      if (toError(error).name !== 'IllegalOperationError') throw error;
      this.reset();
    }
  }

  #writeTo(channel: Channel): void {
    const { deliveries } = this.#parts;
    // From 4.3 on quorum queues count what is rejected, not what is given back otherwise: 20 counts, and it is dropped.
    this.#closeAll(this.#released, (message) => channel.nack(message, false, true));
    this.#closeAll(this.#rejected, (message) => channel.reject(message, true));
    this.#closeAll(this.#refused, (message) => channel.reject(message, false));
    const acked = this.#acked.splice(0).sort((a, b) => a - b);
    for (const number of acked) deliveries.close(number);
    this.#writeAcks(channel, acked);
  }

  #closeAll(numbers: number[], tell: (message: Message) => void): void {
    for (const number of numbers.splice(0).sort((a, b) => a - b)) {
      this.#parts.deliveries.close(number);
      tell(asMessage(number));
    }
  }

  /** Resolves when everything settled so far is written. */
  async flush(): Promise<void> {
    this.write();
    while (this.#moving.size > 0) await Promise.all(this.#moving);
    this.write();
  }

  #writeAcks(channel: Channel, acked: readonly number[]): void {
    const { oldest } = this.#parts.deliveries;
    const together = acked.filter((number) => number < oldest);
    const last = together.at(-1);
    if (last !== undefined) channel.ack(asMessage(last), together.length > 1);
    for (const number of acked.slice(together.length)) channel.ack(asMessage(number));
  }

  #move(entry: Entry, destination: Destination, message: WireMessage): void {
    const { deliveries, logger, publish } = this.#parts;
    const moving = publish(destination, message).then(
      () => {
        // On another channel the number is another message's.
        if (!deliveries.isOpen(entry)) return;
        this.ack(entry);
        this.write();
      },
      (error: unknown) => {
        logger.error(`A message stays in ${entry.queue.name}: ${messageOf(error)}`);
        setTimeout(() => {
          if (!deliveries.isOpen(entry)) return;
          this.release(entry);
          this.write();
        }, STAY_MS).unref();
      },
    );
    this.#moving.add(moving);
    void moving.finally(() => this.#moving.delete(moving));
  }
}

/** amqplib asks for a message where the protocol has only its tag. */
function asMessage(deliveryTag: number): Message {
  return {
    content: NOTHING,
    fields: { deliveryTag, redelivered: false, exchange: '', routingKey: '' },
    properties: {
      contentType: undefined,
      contentEncoding: undefined,
      headers: undefined,
      deliveryMode: undefined,
      priority: undefined,
      correlationId: undefined,
      replyTo: undefined,
      expiration: undefined,
      messageId: undefined,
      timestamp: undefined,
      type: undefined,
      userId: undefined,
      appId: undefined,
      clusterId: undefined,
    },
  };
}
