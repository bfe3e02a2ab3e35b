import { UmbelError } from '../../contract/errors.ts';
import { decodeEnvelope } from '../../protocol/envelope.ts';
import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { messageOf } from '../../redis/failures.ts';
import type { Outbox } from '../../redis/outbox.ts';
import type { PubSub } from '../../redis/pub-sub.ts';
import type { Logger } from '../../util/logger.ts';
import { within } from '../../util/within.ts';
import type { Consumer, ConsumerOptions, Delivery, Queue } from '../transport.ts';
import type { Bindings } from './bindings.ts';
import { readBooking } from './booking.ts';
import type { Broadcasts } from './broadcasts.ts';
import { BrokerClock } from './broker-clock.ts';
import { ClaimRegistry } from './claim-registry.ts';
import { ConsumedQueues } from './consumed-queues.ts';
import type { Taken } from './fetch-request.ts';
import type { Keys } from './keys.ts';
import { Lane } from './lane.ts';
import { Leases } from './leases.ts';
import { Ledger } from './ledger.ts';
import type { RedisTransportOptions } from './options.ts';
import { Settler } from './settler.ts';
import { Tags } from './tags.ts';
import { Turn } from './turn.ts';

export interface ConsumerParts {
  readonly group: ConnectionGroup;
  readonly pubSub: PubSub;
  readonly outbox: Outbox;
  readonly settlements: Outbox;
  readonly bindings: Bindings;
  readonly broadcasts: Broadcasts;
  readonly keys: Keys;
  readonly logger: Logger;
  readonly options: RedisTransportOptions;
  /** Told when it has stopped. */
  readonly onStopped: (consumer: RedisConsumer) => void;
}

const FLUSH_LIMIT_MS = 10_000;
const RELEASE_CHUNK = 1_000;

/** Takes messages from queues: the lane brings them, the ledger knows what is held, the settler writes what became of it. */
export class RedisConsumer implements Consumer {
  readonly #parts: ConsumerParts;
  readonly #options: ConsumerOptions;
  readonly #tags = new Tags();
  readonly #ledger = new Ledger(this.#tags);
  readonly #settler: Settler;
  readonly #lane: Lane;
  readonly #leases: Leases;
  readonly #clock: BrokerClock;
  readonly #queues: ConsumedQueues;
  /** Settlements are written together, and then the freed slots are filled. */
  readonly #turn = new Turn(() => {
    this.#settler.write();
    this.#lane.wake();
  });
  readonly #unsubscribe: (() => void)[] = [];
  #prefetch: number;
  #stopping: Promise<void> | null = null;

  constructor(parts: ConsumerParts, options: ConsumerOptions) {
    const { group, pubSub, settlements, keys, logger } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#prefetch = options.prefetch;
    this.#settler = new Settler(settlements, keys, logger);
    this.#queues = new ConsumedQueues(parts, options.queues);
    const claims = new ClaimRegistry(group, keys, this.#tags.consumer);
    const booked = (): Promise<void> => this.#settler.booked();
    this.#leases = new Leases({ ...parts, ledger: this.#ledger, claims, booked });
    this.#lane = new Lane({
      group,
      pubSub,
      keys,
      queueOrder: parts.options.queueOrderStrategy,
      tagPrefix: this.#tags.prefix,
      logger,
      capacity: () => this.#capacity(),
      accept: (taken, madeAt) => this.#accept(taken, madeAt),
      claims: {
        keys,
        logger,
        registry: claims,
        isSure: () => this.#leases.isSure,
        onClaim: (claim, text) => {
          this.#settler.claim(claim);
          this.#accept([{ tag: claim.tag, queue: claim.queue, text }]);
        },
        onWritten: () => {
          this.#settler.claimed();
          this.#turn.plan();
        },
      },
      onRefused: (queue, start) =>
        this.#options.onParked?.(`it is no JSON object: ${JSON.stringify(start)}`, queue),
    });
    this.#clock = new BrokerClock(group, logger);
  }

  get queues(): readonly Queue[] {
    return this.#queues.list;
  }

  get prefetch(): number {
    return this.#prefetch;
  }

  async start(): Promise<void> {
    const { group } = this.#parts;
    const { onConnection } = this.#options;
    await this.#queues.start();
    this.#unsubscribe.push(
      group.onDown((reason) => onConnection?.('lost', reason)),
      group.onUp(() => {
        this.#lane.wake();
        onConnection?.('restored');
      }),
    );
    await this.#clock.start();
    this.#leases.start();
    await this.#lane.start(this.#queues.names);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  addQueue(queue: Queue): void {
    this.#queues.add(queue);
    this.#lane.setQueues(this.#queues.names);
  }

  cancelQueue(name: string): void {
    this.#queues.cancel(name);
    this.#lane.setQueues(this.#queues.names);
  }

  setPrefetch(count: number): void {
    const isLess = count !== 0 && (this.#prefetch === 0 || count < this.#prefetch);
    this.#prefetch = count;
    if (isLess) this.#lane.refresh();
    else this.#lane.wake();
  }

  ack(tag: string): void {
    const entry = this.#ledger.take(tag);
    if (!entry) return;
    this.#settler.ack(entry);
    this.#turn.plan();
  }

  reject(tag: string, { requeue }: { requeue: boolean }): void {
    const entry = this.#ledger.take(tag);
    if (!entry) return;
    if (requeue) this.#settler.restore(entry, 'back');
    else this.#settler.ack(entry);
    this.#turn.plan();
  }

  release(tag: string): void {
    const entry = this.#ledger.take(tag);
    if (!entry) return;
    this.#settler.restore(entry, 'front');
    this.#turn.plan();
  }

  park(tag: string, reason: string): void {
    const entry = this.#ledger.take(tag);
    if (!entry) return;
    this.#settler.park(entry, reason);
    this.#turn.plan();
  }

  hold(tag: string): number {
    this.#turn.plan();
    return this.#ledger.hold(tag);
  }

  unhold(tag: string): void {
    this.#ledger.unhold(tag);
  }

  tagOf(number: number): string {
    return this.#tags.tagOf(number);
  }

  async recall(tags: readonly string[]): Promise<(Delivery | null)[]> {
    const { outbox, keys } = this.#parts;
    await this.#settler.booked();
    const reply = await outbox.send((link) => link.call('hmget', [keys.unacked, ...tags]), {
      what: 'read messages again',
    });
    const bookings: unknown[] = Array.isArray(reply) ? reply : [];
    return tags.map((tag, index) => {
      const text = bookings[index];
      const booking = typeof text === 'string' ? readBooking(text) : null;
      if (booking !== null) return { tag, queue: booking.routingKey, message: decodeEnvelope(booking.raw) };
      // Without its message there is nothing to hold.
      this.#ledger.take(tag);
      return null;
    });
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  owns(tag: string): boolean | Promise<boolean> {
    if (!this.#ledger.has(tag)) return false;
    return this.#leases.isSure || this.#leases.confirm().then(() => this.#ledger.has(tag));
  }

  pause(): Promise<void> {
    return this.#lane.pause();
  }

  /** Throws `UmbelError('unavailable')` when the broker has not taken everything within 10 s. */
  flush(): Promise<void> {
    const { display } = this.#parts.group.address;
    const late = (): Error =>
      new UmbelError('unavailable', `${display} did not take the settlements of tasks within 10 s.`);
    return within(this.#settler.flush(), FLUSH_LIMIT_MS, late);
  }

  /** A list that it watches has changed. */
  invalidated(keys: readonly string[] | null): void {
    this.#lane.invalidated(keys);
  }

  async #end(): Promise<void> {
    const { logger, onStopped } = this.#parts;
    await this.#lane.pause();
    for (const tags of this.#ledger.chunks(RELEASE_CHUNK)) for (const tag of tags) this.release(tag);
    // What cannot be written comes back when the lease ends. The lane has to book what was just taken.
    await this.flush().catch((error: unknown) => logger.error(messageOf(error)));
    await this.#lane.stop();
    this.#clock.stop();
    await this.#leases.stop();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#queues.stop().catch((error: unknown) => logger.warning(messageOf(error)));
    onStopped(this);
  }

  #capacity(): number {
    const room = this.#options.room?.() ?? Infinity;
    return this.#prefetch === 0 ? room : Math.min(room, this.#prefetch - this.#ledger.active);
  }

  /** `madeAt`: since when they have been booked; without it they are not yet. */
  #accept(taken: readonly Taken[], madeAt?: number): string | null {
    if (madeAt !== undefined) this.#leases.bookedAt(madeAt);
    const deliveries: Delivery[] = [];
    let source: string | null = null;
    let isFirst = true;
    for (const { tag, queue, text } of taken) {
      const key = this.#receive(tag, queue, text, deliveries);
      source = isFirst || source === key ? key : null;
      isFirst = false;
    }
    if (deliveries.length === 0) return source;
    this.#turn.handOver(() => this.#options.onDeliveries(deliveries));
    return source;
  }

  /** Books one message and adds it to the deliveries, unless nobody can or will take it. Answers with its list. */
  #receive(tag: string, queue: string, raw: string, deliveries: Delivery[]): string {
    const { keys } = this.#parts;
    try {
      const message = decodeEnvelope(raw);
      const key = keys.list(queue, keys.stepOf(message.properties));
      this.#ledger.add(tag, queue, key, raw);
      if (this.#lane.isPaused || !this.#queues.has(queue)) this.release(tag);
      else deliveries.push({ tag, queue, message });
      return key;
    } catch (error) {
      const reason = messageOf(error);
      this.#ledger.add(tag, queue, keys.list(queue, 0), raw);
      this.park(tag, reason);
      this.#options.onParked?.(reason, queue);
      return '';
    }
  }
}
