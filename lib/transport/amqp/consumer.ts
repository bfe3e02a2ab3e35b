import type { Channel, ConsumeMessage } from 'amqplib';
import type { AmqpConnection } from '../../amqp/connection.ts';
import { messageOf } from '../../amqp/failures.ts';
import { KeptChannel } from '../../amqp/kept-channel.ts';
import { encodeTable } from '../../amqp/table.ts';
import { UmbelError } from '../../contract/errors.ts';
import type { Logger } from '../../util/logger.ts';
import type { Consumer, ConsumerOptions, Delivery, Queue } from '../transport.ts';
import { canDelay, declareDelays } from './delayed-delivery.ts';
import { Deliveries, type Entry } from './deliveries.ts';
import { countFor, countsByChannel, PrefetchCount } from './prefetch.ts';
import type { Publisher } from './publisher.ts';
import { Settler } from './settler.ts';
import { declareQueue } from './topology.ts';
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

/**
 * Takes messages from queues over a channel of its own. When the channel or its connection is lost, the broker has all
 * unsettled messages back: the consumer forgets them, says so, and consumes again on the next channel.
 */
export class AmqpConsumer implements Consumer {
  readonly #parts: ConsumerParts;
  readonly #options: ConsumerOptions;
  readonly #kept: KeptChannel<Channel>;
  readonly #deliveries = new Deliveries();
  readonly #settler: Settler;
  readonly #count = new PrefetchCount();
  readonly #queues = new Map<string, Queue>();
  /** Consumer tags on the present channel, by queue. */
  readonly #consuming = new Map<string, string>();
  /** Changes of what is consumed, one after the other. */
  #changing: Promise<void> = Promise.resolve();
  #batch: Delivery[] = [];
  #prefetch: number;
  #isPaused = false;
  #isTurnPlanned = false;
  #stopping: Promise<void> | null = null;

  constructor(parts: ConsumerParts, options: ConsumerOptions) {
    const { connection, publisher, logger } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#prefetch = options.prefetch;
    for (const queue of options.queues) this.#queues.set(queue.name, queue);
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
      deliveries: this.#deliveries,
      channel: () => this.#kept.channel,
      publish: (destination, message) => publisher.publish(destination, message),
      logger,
    });
  }

  get queues(): readonly Queue[] {
    return [...this.#queues.values()];
  }

  get prefetch(): number {
    return this.#prefetch;
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
    if (this.#queues.has(queue.name)) return;
    this.#queues.set(queue.name, queue);
    this.#change(async (channel) => {
      await declareQueue(channel, queue);
      await this.#consume(channel, queue);
    });
  }

  cancelQueue(name: string): void {
    if (!this.#queues.delete(name)) return;
    this.#change((channel) => this.#cancel(channel, name));
  }

  setPrefetch(count: number): void {
    if (count === this.#prefetch) return;
    this.#prefetch = count;
    if (this.#count.isByChannel) this.#planTurn();
    else this.#change((channel) => this.#consumeAnew(channel));
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

  async pause(): Promise<void> {
    this.#isPaused = true;
    this.#change(async (channel) => {
      for (const name of [...this.#consuming.keys()]) await this.#cancel(channel, name);
    });
    await this.#changing;
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
    // The broker answers in order: after this it has read what was sent before.
    const sync = this.#kept.channel?.prefetch(
      countFor(this.#prefetch, this.#deliveries.held),
      this.#count.isByChannel,
    );
    await sync?.catch(() => {
      // The channel was lost: the broker has everything back.
    });
  }

  async #end(): Promise<void> {
    const { logger, onStopped } = this.#parts;
    await this.pause();
    await this.flush().catch((error: unknown) => logger.error(messageOf(error)));
    // What is left goes back to its queues with the channel, in its old order.
    await this.#kept.stop();
    this.#deliveries.reset();
    onStopped(this);
  }

  async #setUp(channel: Channel): Promise<void> {
    this.#deliveries.reset();
    this.#settler.reset();
    this.#consuming.clear();
    const { queues } = this;
    const isByChannel = countsByChannel(this.#parts.connection.serverProperties['version'], queues);
    await this.#count.begin(channel, countFor(this.#prefetch, 0), isByChannel);
    for (const queue of queues) await declareQueue(channel, queue);
    const delayed = queues.filter(canDelay);
    if (delayed.length > 0) await declareDelays(channel, delayed, this.#parts.delayedQueueType);
    if (this.#isPaused) return;
    for (const queue of queues) await this.#consume(channel, queue);
  }

  async #consume(channel: Channel, queue: Queue): Promise<void> {
    if (this.#isPaused || !this.#queues.has(queue.name) || this.#consuming.has(queue.name)) return;
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message) this.#receive(queue, message);
      else this.#cancelled(queue);
    };
    const { consumerTag } = await channel.consume(queue.name, onMessage, {
      arguments: encodeTable(queue.consumerArguments ?? {}),
    });
    this.#consuming.set(queue.name, consumerTag);
  }

  async #cancel(channel: Channel, name: string): Promise<void> {
    const consumerTag = this.#consuming.get(name);
    if (consumerTag === undefined) return;
    this.#consuming.delete(name);
    await channel.cancel(consumerTag);
  }

  /** Where the broker counts by consumer, only a new consumer gets a new count; what the old one holds is not in it. */
  async #consumeAnew(channel: Channel): Promise<void> {
    for (const name of [...this.#consuming.keys()]) await this.#cancel(channel, name);
    await this.#count.begin(channel, countFor(this.#prefetch, 0), false);
    this.#deliveries.beginCount();
    for (const queue of this.queues) await this.#consume(channel, queue);
  }

  #receive(queue: Queue, raw: ConsumeMessage): void {
    const message = decodeMessage(raw);
    const { tag } = this.#deliveries.add(raw.fields.deliveryTag, queue, message);
    if (this.#isPaused || !this.#queues.has(queue.name)) {
      this.release(tag);
      return;
    }
    this.#batch.push({ tag, queue: queue.name, message });
    if (this.#batch.length === 1) queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    const batch = this.#batch;
    this.#batch = [];
    const ours = batch.filter(({ tag }) => this.#deliveries.get(tag) !== undefined);
    if (ours.length > 0) this.#options.onDeliveries(ours);
  }

  /** The broker ended a consumer, as when its queue was deleted: the queue is made again. */
  #cancelled(queue: Queue): void {
    this.#consuming.delete(queue.name);
    const { logger } = this.#parts;
    logger.warning(
      `The broker stopped handing out ${queue.name}, as when a queue is deleted. Declaring it again.`,
    );
    this.#change(async (channel) => {
      await declareQueue(channel, queue);
      await this.#consume(channel, queue);
    });
  }

  #lost(reason: string): void {
    const { onTakenBack, onConnection } = this.#options;
    const hadSome = !this.#deliveries.isEmpty;
    this.#deliveries.reset();
    this.#settler.reset();
    this.#consuming.clear();
    this.#batch = [];
    if (this.#stopping !== null) return;
    if (hadSome) onTakenBack?.();
    onConnection?.('lost', reason);
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
      this.#refill();
    });
  }

  #refill(): void {
    const channel = this.#kept.channel;
    if (!channel || this.#isPaused || this.#prefetch === 0) return;
    const { held, active, counted } = this.#deliveries;
    if (this.#count.isByChannel) {
      // When it fails the channel is gone, and the next one is told.
      this.#count.change(channel, countFor(this.#prefetch, held)).catch(() => {});
      return;
    }
    // Held messages have used up what the consumers were granted.
    if (counted >= this.#prefetch && active * 2 <= this.#prefetch) {
      this.#deliveries.beginCount();
      this.#change((open) => this.#consumeAnew(open));
    }
  }

  /** Does something on the channel after what is under way; without one, the next channel is set up as it then is. */
  #change(work: (channel: Channel) => Promise<void>): void {
    this.#changing = this.#changing.then(async () => {
      const channel = this.#kept.channel;
      if (!channel) return;
      try {
        await work(channel);
      } catch (error) {
        // The broker has closed the channel with its refusal; another is opened.
        this.#parts.logger.warning(messageOf(error));
      }
    });
  }
}
