import type { WireMessage } from '../protocol/wire.ts';
import type { Service } from '../util/service.ts';

/** Where a message goes. Exchange `''` with a queue's name as routing key is the queue itself. */
export interface Destination {
  readonly exchange: string;
  readonly routingKey: string;
  /** The queue that is meant, as far as the sender knows: RabbitMQ declares it before the first message to it. */
  readonly queue?: Queue;
  /** A private queue of somebody who waits for an answer: never declared, and gone with its reader. */
  readonly isReply?: boolean;
}

export type ExchangeType = 'direct' | 'topic' | 'fanout';

/** A queue as workers consume it. Exchange and routing key default to the name, the type to `direct`. */
export interface Queue {
  readonly name: string;
  readonly exchange?: string;
  readonly exchangeType?: ExchangeType;
  readonly routingKey?: string;
  /** Another name that routes may use: of a broadcast queue, whose own name is different in each worker. */
  readonly alias?: string;
  /** It goes away with its last consumer. */
  readonly autoDelete?: boolean;
  /** RabbitMQ: it outlives a restart of the broker. Default true. */
  readonly durable?: boolean;
  /** RabbitMQ: only the connection that declared it may use it. Default false. */
  readonly exclusive?: boolean;
  /** RabbitMQ's arguments, such as `x-max-priority` and `x-queue-type`. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** RabbitMQ: arguments of its consumers, such as `x-priority`. */
  readonly consumerArguments?: Readonly<Record<string, unknown>>;
  /** RabbitMQ: arguments of its binding. */
  readonly bindingArguments?: Readonly<Record<string, unknown>>;
  /** More ways to it than by `exchange` and `routingKey`. */
  readonly bindings?: readonly ExtraBinding[];
}

/** One more way to a queue. */
export interface ExtraBinding {
  readonly exchange: string;
  /** Default `direct`. */
  readonly exchangeType?: Exclude<ExchangeType, 'fanout'>;
  readonly routingKey: string;
  /** RabbitMQ. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** One message handed to a worker. It stays booked as unacked until it is acked, rejected, released or parked. */
export interface Delivery {
  readonly tag: string;
  readonly queue: string;
  readonly message: WireMessage;
}

/** `interrupted`: only the channel went (RabbitMQ), and another is opened over the same connection. */
export type ConnectionState = 'lost' | 'interrupted' | 'restored';

export interface ConsumerOptions {
  readonly queues: readonly Queue[];
  /** Messages that may be held unsettled at once; 0 means no limit. Held-back ones (`hold`) do not count. */
  readonly prefetch: number;
  /** Messages that can be run at once: takes no more than that (Redis). Asked again after `setPrefetch`. */
  readonly room?: () => number;
  /** Takes a batch, in queue order. Must not throw; anything slow is the receiver's to queue. */
  readonly onDeliveries: (deliveries: readonly Delivery[]) => void;
  /** A message that no worker could read was parked by the transport. */
  readonly onParked?: (reason: string, queue: string) => void;
  /**
   * The connection went away or came back; between the two nothing arrives. Redis keeps settlements for later; RabbitMQ
   * has taken back what was not settled, see `onTakenBack`.
   */
  readonly onConnection?: (state: ConnectionState, reason?: string) => void;
  /** Everything delivered so far and not settled is back in its queue: what has not started here must not. */
  readonly onTakenBack?: () => void;
}

/**
 * Takes messages from queues for one worker. Settling (`ack`, `reject`, `release`, `park`) returns at once and is
 * written in batches; `flush` waits for what was settled so far. An unsettled message whose worker dies goes back to
 * its queue when its lease ends.
 */
export interface Consumer extends Service {
  readonly queues: readonly Queue[];
  addQueue(queue: Queue): void;
  cancelQueue(name: string): void;
  setPrefetch(count: number): void;
  readonly prefetch: number;
  ack(tag: string): void;
  /** `requeue` puts it at the back of its queue; without it the message is gone. */
  reject(tag: string, options: { requeue: boolean }): void;
  /** Gives an unstarted message back to the front of its queue, flagged as redelivered. */
  release(tag: string): void;
  /** Sets a message aside with a reason that a person can read. */
  park(tag: string, reason: string): void;
  /**
   * Keeps a message for later (ETA): it no longer counts against prefetch. `unhold` counts it again. Answers with a number
   * that stands for the tag where very many are kept: `tagOf` turns it back, until `onTakenBack` is called.
   */
  hold(tag: string): number;
  unhold(tag: string): void;
  tagOf(number: number): string;
  /**
   * Reads held messages again, so that their receiver need not keep them: in the order of `tags`, null for those that
   * are this consumer's no more. Waits for the broker.
   */
  recall(tags: readonly string[]): Promise<(Delivery | null)[]>;
  /** The broker's time in milliseconds since the epoch, for ETAs. Absent where it does not tell. */
  nowMs?(): number;
  /**
   * Whether an unsettled message is still this consumer's: false when it did not answer for so long that the message
   * went to another. A promise when the broker must be asked.
   */
  owns(tag: string): boolean | Promise<boolean>;
  /** Stops taking new messages; what is held stays held and can still be settled. Waits for a fetch under way. */
  pause(): Promise<void>;
  flush(): Promise<void>;
}

/** A live stream of broadcast messages (events, remote control). Nothing is stored: who is not there misses it. */
export interface Subscription {
  close(): Promise<void>;
}

export interface SubscribeOptions {
  /** Name of the queue behind the subscription, as other clients see it: a worker's control mailbox. */
  readonly queue?: string;
}

export interface ReplyQueueOptions {
  /** Routing key of the queue, and its name when the exchange is `''`. Default: one of its own. */
  readonly routingKey?: string;
  /** Seconds until the queue goes when nobody reads it. Default 10, as Celery's `control_queue_expires`. */
  readonly expiresSeconds?: number;
}

export interface QueueSample {
  readonly name: string;
  /** Messages ready to be taken, over all priorities. */
  readonly messages: number;
  /** Messages taken but not settled; null where the broker cannot tell by queue. */
  readonly unacked: number | null;
  /** `unacked` is drawn from a part of them, because there are many. Default false. */
  readonly isEstimate?: boolean;
  /** How many consume from it, as the broker counts; absent where it does not. */
  readonly consumers?: number;
  /** Messages a second, as the broker measures; absent where it does not. */
  readonly inPerSecond?: number;
  readonly outPerSecond?: number;
}

/** Where a broker keeps which tasks are revoked, for workers that were not there to be told. Bounded, and it expires. */
export interface RevokedTasks {
  add(ids: readonly string[]): Promise<void>;
  /** Ids with the time when each was revoked, in seconds since the epoch, oldest first. */
  read(): Promise<[string, number][]>;
}

/** An exchange hands messages with this routing key to this queue. */
export interface QueueBinding {
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
}

/** Moves messages over one broker. `start` connects or throws an `UmbelError('unavailable')` that names the URL, masked. */
export interface Transport extends Service {
  /** The broker's URL without its password. */
  readonly displayUrl: string;
  /** Facts for `inspect stats` in Celery's shape (wire-messages: stats.broker). */
  brokerInfo(): Record<string, unknown>;

  /** Absent where the broker can keep nothing. */
  readonly revokedTasks?: RevokedTasks;

  /** Sends to a queue or exchange; resolves when the broker has it. Priority and expiry come from the properties. */
  publish(destination: Destination, message: WireMessage): Promise<void>;
  /** Sends to everybody who listens now (fanout). Answers with how many connections that are; null: nobody can tell. */
  broadcast(exchange: string, routingKey: string, message: WireMessage): Promise<number | null>;
  /** Listens to a fanout exchange; `pattern` is `#` for all or a prefix such as `worker.#`. Survives reconnects. */
  subscribe(
    exchange: string,
    pattern: string,
    onMessage: (message: WireMessage, routingKey: string) => void,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  /** Called after a lost connection is back and every subscription stands again. */
  onReconnect(listener: () => void): () => void;
  /** Opens a private reply queue: returns its routing key (oid) and delivers each reply. */
  openReplyQueue(
    exchange: string,
    onMessage: (message: WireMessage) => void,
    options?: ReplyQueueOptions,
  ): Promise<ReplyQueue>;

  createConsumer(options: ConsumerOptions): Consumer;

  /**
   * Whether the broker has lost what it held since the last call, for monitors that ask on a clock; the first call only
   * starts the watch. Absent where a broker cannot lose its data without a word.
   */
  hasLostData?(): Promise<boolean>;

  /** Lengths of the named queues. */
  sampleQueues(names: readonly string[]): Promise<QueueSample[]>;
  /** Every queue the broker knows of, also those nobody consumes. */
  listQueues(): Promise<string[]>;
  /** Every binding of such a queue; absent where the broker does not tell its clients. */
  listBindings?(): Promise<QueueBinding[]>;
  /** Deletes the ready messages of a queue; returns how many. */
  purge(queue: string): Promise<number>;
}

export interface ReplyQueue {
  readonly exchange: string;
  /** Of now: it may change when the connection was lost, so read it for each request. */
  readonly routingKey: string;
  close(): Promise<void>;
}
