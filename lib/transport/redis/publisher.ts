import { UmbelError } from '../../contract/errors.ts';
import { encodeEnvelope } from '../../protocol/envelope.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { Link } from '../../redis/link.ts';
import type { Outbox } from '../../redis/outbox.ts';
import { UuidSeries } from '../../util/clock.ts';
import type { Destination } from '../transport.ts';
import type { Bindings } from './bindings.ts';
import type { Keys } from './keys.ts';
import type { RedisTransportOptions } from './options.ts';

/** What goes to one list. */
interface Load {
  readonly key: string;
  readonly queue: string;
  /** Replies to remote control: the list goes away when their reader does. */
  readonly isReply: boolean;
  readonly values: string[];
  bytes: number;
}

interface Batch extends Load {
  readonly sent: Promise<void>;
  readonly resolve: (sending: Promise<void>) => void;
}

const MAX_VALUES = 500;
const MAX_BYTES = 1024 * 1024;
const STOP_LIMIT_MS = 2000;
/** Life of an unread reply: its reader may be gone for good. */
const REPLY_EXPIRES_MS = 60_000;

/**
 * Sends messages to lists: at once when nothing is under way, so that the server wakes a worker while the caller goes on.
 * Others of the same turn of the event loop travel in one LPUSH for each list when it ends.
 */
export class Publisher {
  readonly #outbox: Outbox;
  readonly #bindings: Bindings;
  readonly #keys: Keys;
  readonly #deadlineMs: number;
  readonly #deadletterQueue: string | null;
  readonly #tags = new UuidSeries();
  #open = new Map<string, Batch>();
  #isScheduled = false;

  constructor(outbox: Outbox, bindings: Bindings, keys: Keys, options: RedisTransportOptions) {
    this.#outbox = outbox;
    this.#bindings = bindings;
    this.#keys = keys;
    this.#deadlineMs = options.publishDeadlineMs;
    this.#deadletterQueue = options.deadletterQueue;
  }

  publish(destination: Destination, message: WireMessage): Promise<void> {
    const { exchange, routingKey } = destination;
    if (exchange !== '') return this.#publishTo(destination, message);
    if (routingKey === '') {
      return Promise.reject(
        new UmbelError('bad_request', 'A message needs a queue: its routing key is empty.'),
      );
    }
    try {
      return this.#push(routingKey, message, destination);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends what is gathered; resolves when the server has answered all, after 2 s at the latest. */
  async stop(): Promise<void> {
    this.#flush();
    await this.#outbox.settled(STOP_LIMIT_MS);
  }

  async #publishTo(destination: Destination, message: WireMessage): Promise<void> {
    const { exchange, routingKey } = destination;
    const bound = await this.#bindings.queuesOf(exchange, routingKey);
    const queues = bound.length === 0 && this.#deadletterQueue ? [this.#deadletterQueue] : bound;
    if (queues.length === 0) {
      throw new UmbelError(
        'not_found',
        `No queue is bound to exchange "${exchange}" with routing key "${routingKey}": the message was not sent.`,
      );
    }
    await Promise.all(queues.map((queue) => this.#push(queue, message, destination)));
  }

  #push(queue: string, message: WireMessage, destination: Destination): Promise<void> {
    const text = encodeEnvelope(message, destination, this.#tags.next());
    const key = this.#keys.list(queue, this.#keys.stepOf(message.properties));
    if (this.#open.size === 0 && this.#outbox.isIdle) {
      const isReply = isReplyTo(destination);
      return this.#send({ key, queue, isReply, values: [text], bytes: text.length }, true);
    }
    let batch = this.#open.get(key);
    if (batch && (batch.values.length >= MAX_VALUES || batch.bytes + text.length > MAX_BYTES)) {
      this.#open.delete(key);
      batch.resolve(this.#send(batch, false));
      batch = undefined;
    }
    if (!batch) {
      batch = openBatch(key, queue, isReplyTo(destination));
      this.#open.set(key, batch);
      this.#schedule();
    }
    batch.values.push(text);
    batch.bytes += text.length;
    return batch.sent;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    const batches = this.#open;
    this.#open = new Map();
    for (const batch of batches.values()) batch.resolve(this.#send(batch, false));
  }

  #send({ key, queue, isReply, values, bytes }: Load, isNow: boolean): Promise<void> {
    const attempt = (link: Link): Promise<unknown> => {
      if (isReply) {
        return link.transaction([
          ['lpush', key, ...values],
          ['pexpire', key, REPLY_EXPIRES_MS],
        ]);
      }
      this.#bindings.declare(queue);
      const args = [key, ...values];
      return isNow ? link.callNow('lpush', args) : link.call('lpush', args);
    };
    const options = { what: `publish to ${queue}`, deadlineMs: this.#deadlineMs, bytes };
    return this.#outbox.send(attempt, options).then(() => {});
  }
}

function isReplyTo({ exchange, isReply }: Destination): boolean {
  return isReply === true || /^reply\..*pidbox$/.test(exchange);
}

function openBatch(key: string, queue: string, isReply: boolean): Batch {
  let resolve: (sending: Promise<void>) => void = () => {};
  const sent = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { key, queue, isReply, values: [], bytes: 0, sent, resolve };
}
