import type { Channel, ConsumeMessage } from 'amqplib';
import type { AmqpConnection } from '../../amqp/connection.ts';
import { messageOf, refusedError, replyCode } from '../../amqp/failures.ts';
import { encodeTable } from '../../amqp/table.ts';
import type { Logger } from '../../util/logger.ts';
import type { Queue } from '../transport.ts';
import { onOwnChannel } from './declarations.ts';
import { bindDelays, declareDelays, mayBeDelayed } from './delayed-delivery.ts';
import type { Deliveries } from './deliveries.ts';
import { countFor, countsByChannel, PrefetchCount } from './prefetch.ts';
import { RefusedQueues } from './refused-queues.ts';
import { declareQueue, isQuorum } from './topology.ts';

export interface ConsumptionParts {
  readonly connection: AmqpConnection;
  readonly logger: Logger;
  /** Of the queues in which messages wait for their ETA. */
  readonly delayedQueueType: 'classic' | 'quorum';
  readonly deliveries: Deliveries;
  readonly onMessage: (queue: Queue, message: ConsumeMessage) => void;
  /** The broker ended a consumer and may have taken back what it held: all must be set up anew. */
  readonly onDoubt: (reason: string) => void;
}

/*
 * What a consumer takes, and how much of it at once. What is wanted (queues, count, paused or not) may change at any
 * time, also while a channel is being set up. So nothing is done to the channel at once: `#match` takes one step after
 * the other until what is consumed is what is wanted, and only one `#match` runs at a time.
 *
 * A queue that the broker refuses is left out, so that the others go on, and tried again; only the very first time it is
 * an error. Queues are declared on a channel of their own, because a refusal ends the channel.
 */
export class Consumption {
  readonly #parts: ConsumptionParts;
  readonly #count = new PrefetchCount();
  readonly #queues = new Map<string, Queue>();
  /** Consumer tags on the present channel, by queue. */
  readonly #consuming = new Map<string, string>();
  readonly #refused = new RefusedQueues(() => void this.#change());
  #channel: Channel | null = null;
  #changing: Promise<void> = Promise.resolve();
  #prefetch: number;
  #isPaused = false;
  #hasBegun = false;
  /** The queues of delayed delivery were declared since the channel is there. */
  #hasDelays = false;
  /** The consumers were granted another count than is wanted now, or have used it up for held messages. */
  #isStale = false;

  constructor(parts: ConsumptionParts, queues: readonly Queue[], prefetch: number) {
    this.#parts = parts;
    this.#prefetch = prefetch;
    for (const queue of queues) this.#queues.set(queue.name, queue);
  }

  get queues(): readonly Queue[] {
    return [...this.#queues.values()];
  }

  get prefetch(): number {
    return this.#prefetch;
  }

  /** On which messages come, and are settled: also while it is being set up. */
  get channel(): Channel | null {
    return this.#channel;
  }

  /** Whether messages of a queue are taken now. */
  wants(name: string): boolean {
    return !this.#isPaused && this.#queues.has(name);
  }

  add(queue: Queue): void {
    if (this.#queues.has(queue.name)) return;
    this.#queues.set(queue.name, queue);
    void this.#change();
  }

  remove(name: string): void {
    this.#refused.delete(name);
    if (this.#queues.delete(name)) void this.#change();
  }

  setPrefetch(count: number): void {
    if (count === this.#prefetch) return;
    this.#prefetch = count;
    if (this.#count.isByChannel) this.refill();
    else this.#renew();
  }

  /** Takes nothing more; resolves when the broker has agreed. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    this.#refused.stop();
    await this.#change();
  }

  /** Consumes on a new channel. Throws when the broker refuses a queue for the first time, or the channel is lost. */
  async begin(channel: Channel): Promise<void> {
    this.#channel = channel;
    this.#consuming.clear();
    this.#isStale = false;
    this.#hasDelays = false;
    const version = this.#parts.connection.serverProperties['version'];
    try {
      await this.#count.begin(channel, countFor(this.#prefetch, 0), countsByChannel(version, this.queues));
      await this.#queueUp(channel);
      this.#hasBegun = true;
    } catch (error) {
      this.lose();
      throw error;
    }
  }

  /** The channel is gone. */
  lose(): void {
    this.#channel = null;
    this.#consuming.clear();
  }

  /** Lets the broker hand out as much as it may, after messages were settled or held. */
  refill(): void {
    const channel = this.#channel;
    if (!channel || this.#isPaused || this.#prefetch === 0) return;
    const { held, active, counted } = this.#parts.deliveries;
    if (this.#count.isByChannel) {
      // When it fails the channel is gone, and the next one is told.
      this.#count.change(channel, countFor(this.#prefetch, held)).catch(() => {});
      return;
    }
    const isUsedUp = this.#isStale || counted >= this.#prefetch;
    if (isUsedUp && active * 2 <= this.#prefetch) this.#renew();
  }

  /** Waits until the broker has read what was sent before: it answers in order. */
  async sync(): Promise<void> {
    const { isByChannel } = this.#count;
    const count = countFor(this.#prefetch, isByChannel ? this.#parts.deliveries.held : 0);
    if (!this.#channel) return;
    await this.#count.begin(this.#channel, count, isByChannel).catch(() => {
      // The channel was lost: the broker has everything back.
    });
  }

  #renew(): void {
    this.#isStale = true;
    // Counted anew at once, so that the settlements of this turn do not ask for it again.
    this.#parts.deliveries.beginCount();
    void this.#change();
  }

  /** Never rejects: a channel that is lost is set up anew by its owner. */
  async #change(): Promise<void> {
    const channel = this.#channel;
    if (!channel) return;
    try {
      await this.#queueUp(channel);
    } catch (error) {
      this.#parts.logger.warning(messageOf(error));
    }
  }

  #queueUp(channel: Channel): Promise<void> {
    const changed = this.#changing.then(() => this.#match(channel));
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #match(channel: Channel): Promise<void> {
    while (this.#channel === channel) {
      const surplus = [...this.#consuming.keys()].find((name) => !this.wants(name));
      if (surplus !== undefined) {
        await this.#cancel(channel, surplus);
        continue;
      }
      if (this.#isStale) {
        if (!(await this.#renewAll(channel))) return;
        continue;
      }
      const missing = this.queues.find(({ name }) => this.#isMissing(name));
      if (missing === undefined) return;
      await this.#start(channel, missing);
    }
  }

  #isMissing(name: string): boolean {
    return this.wants(name) && !this.#consuming.has(name) && !this.#refused.has(name);
  }

  /**
   * Where the broker counts by consumer, only a new consumer gets a new count; what the old one brought is not in it.
   * After a count was lowered there is none until half of it is free: false.
   */
  async #renewAll(channel: Channel): Promise<boolean> {
    const { deliveries } = this.#parts;
    const isOver = this.#prefetch > 0 && deliveries.active > this.#prefetch;
    if (!isOver) {
      this.#isStale = false;
      await this.#count.begin(channel, countFor(this.#prefetch, 0), false);
      deliveries.beginCount();
    }
    for (const [name, tag] of [...this.#consuming]) {
      const queue = this.#queues.get(name);
      if (queue?.autoDelete) {
        // It would go with its last consumer, and its messages with it.
        if (isOver) continue;
        await this.#consume(channel, queue);
        await channel.cancel(tag);
      } else {
        await this.#cancel(channel, name);
        if (!isOver && queue && this.#isMissing(name)) await this.#consume(channel, queue);
      }
    }
    return !isOver;
  }

  async #start(channel: Channel, queue: Queue): Promise<void> {
    const { connection } = this.#parts;
    try {
      await onOwnChannel(connection, `declare the queue "${queue.name}"`, (own) => this.#declare(own, queue));
    } catch (error) {
      if (!this.#hasBegun || !connection.isUp) throw error;
      this.#refuse(queue, error);
      return;
    }
    if (!this.#isMissing(queue.name)) return;
    try {
      await this.#consume(channel, queue);
    } catch (error) {
      // The refusal has ended the channel; the next one is without this queue.
      if (this.#hasBegun && replyCode(error) !== null) this.#refuse(queue, error);
      throw error;
    }
  }

  async #declare(channel: Channel, queue: Queue): Promise<void> {
    await declareQueue(channel, queue);
    if (!mayBeDelayed(queue, this.queues)) return;
    if (!this.#hasDelays) await declareDelays(channel, this.#parts.delayedQueueType);
    this.#hasDelays = true;
    await bindDelays(channel, queue);
  }

  async #consume(channel: Channel, queue: Queue): Promise<void> {
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message) this.#parts.onMessage(queue, message);
      else this.#ended(queue);
    };
    const { consumerTag } = await channel.consume(queue.name, onMessage, {
      arguments: encodeTable(queue.consumerArguments ?? {}),
    });
    this.#consuming.set(queue.name, consumerTag);
  }

  /** The broker ended a consumer. */
  #ended(queue: Queue): void {
    const { name } = queue;
    const { logger, onDoubt } = this.#parts;
    this.#consuming.delete(name);
    if (isQuorum(queue)) {
      // From RabbitMQ 4.3 on also because a message was held for too long: it is another's by now.
      onDoubt(`the broker stopped handing out ${name}: it was deleted, or a message was held for too long`);
      return;
    }
    logger.warning(`The broker stopped handing out ${name}, as when a queue is deleted. Declaring it again.`);
    void this.#change();
  }

  async #cancel(channel: Channel, name: string): Promise<void> {
    const consumerTag = this.#consuming.get(name);
    this.#consuming.delete(name);
    if (consumerTag !== undefined) await channel.cancel(consumerTag);
  }

  #refuse({ name }: Queue, error: unknown): void {
    const { connection, logger } = this.#parts;
    const { message } = refusedError(error, `hand out "${name}"`, connection.address.display);
    logger.error(`${message} Trying again in ${this.#refused.add(name)} s.`);
  }
}
