import type { Channel, ConsumeMessage } from 'amqplib';
import type { AmqpConnection } from '../../amqp/connection.ts';
import { messageOf } from '../../amqp/failures.ts';
import { KeptChannel } from '../../amqp/kept-channel.ts';
import { UmbelError } from '../../contract/errors.ts';
import type { Logger } from '../../util/logger.ts';
import type { Consumer, ConsumerOptions, Delivery, Queue } from '../transport.ts';
import { Consumption } from './consumption.ts';
import { Deliveries, type Entry } from './deliveries.ts';
import type { Publisher } from './publisher.ts';
import { Settler } from './settler.ts';
import { isQuorum } from './topology.ts';
import { decodeMessage } from './wire.ts';

export interface ConsumerParts {
  readonly connection: AmqpConnection;
  readonly publisher: Publisher;
  readonly logger: Logger;
  /** Of the queues in which messages wait for their ETA. */
  readonly delayedQueueType: 'classic' | 'quorum';
  /** Told when it has stopped. */
  readonly onStopped: (consumer: AmqpConsumer) => void;
}

const FLUSH_LIMIT_MS = 10_000;
/** RabbitMQ 4 drops a message of a quorum queue that came back 20 times, unless the queue says otherwise. */
const MANY_RETURNS = 10;

/**
 * Takes messages from queues over a channel of its own. When the channel or its connection is lost, the broker has all
 * unsettled messages back: the consumer forgets them, says so, and consumes again on the next channel. Composed of
 * what it takes (`Consumption`), what it holds (`Deliveries`) and what it tells the broker of that (`Settler`).
 */
export class AmqpConsumer implements Consumer {
  readonly #parts: ConsumerParts;
  readonly #options: ConsumerOptions;
  readonly #kept: KeptChannel<Channel>;
  readonly #deliveries = new Deliveries();
  readonly #settler: Settler;
  readonly #consumption: Consumption;
  /** Queues of which a warning was given. */
  readonly #warned = new Set<string>();
  #batch: Delivery[] = [];
  #isTurnPlanned = false;
  #stopping: Promise<void> | null = null;

  constructor(parts: ConsumerParts, options: ConsumerOptions) {
    const { connection, publisher, logger, delayedQueueType } = parts;
    this.#parts = parts;
    this.#options = options;
    const deliveries = this.#deliveries;
    const onMessage = (queue: Queue, message: ConsumeMessage): void => this.#receive(queue, message);
    const onDoubt = (reason: string): void => void this.#kept.renew(reason);
    this.#consumption = new Consumption(
      { connection, logger, delayedQueueType, deliveries, onMessage, onDoubt },
      options.queues,
      options.prefetch,
    );
    this.#kept = new KeptChannel<Channel>({
      connection,
      logger,
      what: `consume from ${options.queues.map(({ name }) => name).join(', ')}`,
      open: (model) => model.createChannel(),
      setup: (channel) => this.#setUp(channel),
      onLost: (reason) => this.#lost(reason),
      onRestored: () => options.onConnection?.('restored'),
    });
    this.#settler = new Settler({
      deliveries,
      channel: () => this.#consumption.channel,
      publish: (destination, message) => publisher.publish(destination, message),
      logger,
    });
  }

  get queues(): readonly Queue[] {
    return this.#consumption.queues;
  }

  get prefetch(): number {
    return this.#consumption.prefetch;
  }

  async start(): Promise<void> {
    await this.#parts.connection.start();
    await this.#kept.start();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  addQueue(queue: Queue): void {
    this.#consumption.add(queue);
  }

  cancelQueue(name: string): void {
    this.#consumption.remove(name);
  }

  setPrefetch(count: number): void {
    this.#consumption.setPrefetch(count);
  }

  ack(tag: string): void {
    this.#settle(tag, (entry) => this.#settler.ack(entry));
  }

  reject(tag: string, { requeue }: { requeue: boolean }): void {
    this.#settle(tag, (entry) => (requeue ? this.#settler.requeue(entry) : this.#settler.refuse(entry)));
  }

  release(tag: string): void {
    this.#settle(tag, (entry) => this.#settler.release(entry));
  }

  park(tag: string, reason: string): void {
    this.#settle(tag, (entry) => this.#settler.park(entry, reason));
  }

  hold(tag: string): number {
    this.#planTurn();
    return this.#deliveries.hold(tag, true);
  }

  unhold(tag: string): void {
    this.#deliveries.hold(tag, false);
    this.#planTurn();
  }

  tagOf(number: number): string {
    return this.#deliveries.tagOf(number);
  }

  /** The broker hands a message out once: held ones are kept here. */
  async recall(tags: readonly string[]): Promise<(Delivery | null)[]> {
    return tags.map((tag) => {
      const entry = this.#deliveries.get(tag);
      return entry ? { tag, queue: entry.queue.name, message: entry.message } : null;
    });
  }

  owns(tag: string): boolean {
    return this.#deliveries.get(tag) !== undefined;
  }

  pause(): Promise<void> {
    return this.#consumption.pause();
  }

  /** Throws `UmbelError('unavailable')` when the broker has not taken everything within 10 s. */
  async flush(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const { display } = this.#parts.connection.address;
        reject(
          new UmbelError('unavailable', `${display} did not take the settlements of tasks within 10 s.`),
        );
      }, FLUSH_LIMIT_MS);
    });
    try {
      await Promise.race([this.#flush(), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #flush(): Promise<void> {
    await this.#settler.flush();
    await this.#consumption.sync();
  }

  async #end(): Promise<void> {
    const { logger, onStopped } = this.#parts;
    await this.pause();
    await this.flush().catch((error: unknown) => logger.error(messageOf(error)));
    // What is left goes back to its queues with the channel, in its old order.
    await this.#kept.stop();
    this.#forget();
    onStopped(this);
  }

  async #setUp(channel: Channel): Promise<void> {
    this.#forget();
    await this.#consumption.begin(channel);
  }

  #receive(queue: Queue, raw: ConsumeMessage): void {
    const message = decodeMessage(raw);
    if (isQuorum(queue)) this.#watchReturns(queue, message.headers['x-delivery-count']);
    const { tag } = this.#deliveries.add(raw.fields.deliveryTag, queue, message);
    if (!this.#consumption.wants(queue.name)) {
      this.release(tag);
      return;
    }
    this.#batch.push({ tag, queue: queue.name, message });
    if (this.#batch.length === 1) queueMicrotask(() => this.#deliver());
  }

  #watchReturns({ name, arguments: has }: Queue, count: unknown): void {
    if (typeof count !== 'number' || count < MANY_RETURNS || this.#warned.has(name)) return;
    if (has?.['x-delivery-limit'] !== undefined) return;
    this.#warned.add(name);
    this.#parts.logger.warning(
      `A message of the quorum queue ${name} came back ${count} times. RabbitMQ 4 drops it after 20: give the queue an x-delivery-limit, or dead letters.`,
    );
  }

  #deliver(): void {
    const batch = this.#batch;
    this.#batch = [];
    const ours = batch.filter(({ tag }) => this.#deliveries.get(tag) !== undefined);
    if (ours.length > 0) this.#options.onDeliveries(ours);
  }

  #lost(reason: string): void {
    const { onTakenBack, onConnection } = this.#options;
    const hadSome = !this.#deliveries.isEmpty;
    this.#forget();
    this.#consumption.lose();
    if (this.#stopping !== null) return;
    if (hadSome) onTakenBack?.();
    onConnection?.(this.#parts.connection.isUp ? 'interrupted' : 'lost', reason);
  }

  /** The broker has everything back. */
  #forget(): void {
    this.#deliveries.reset();
    this.#settler.reset();
    this.#batch = [];
  }

  #settle(tag: string, how: (entry: Entry) => void): void {
    const entry = this.#deliveries.take(tag);
    if (!entry) return;
    how(entry);
    this.#planTurn();
  }

  /** What one turn of the event loop settles is written together. */
  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(() => {
      this.#isTurnPlanned = false;
      this.#settler.write();
      this.#consumption.refill();
    });
  }
}
