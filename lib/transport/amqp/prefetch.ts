import type { Channel } from 'amqplib';
import type { Queue } from '../transport.ts';
import { isQuorum } from './topology.ts';

/** Larger counts do not fit into AMQP's field. */
const MAX_COUNT = 65_535;

/**
 * How RabbitMQ counts: up to 3.x one count for all consumers of a channel, which can be changed at any time; 4.x and
 * quorum queues know only one for each consumer, which stands as long as the consumer (celery/worker/consumer/tasks.py
 * `set_qos_global`).
 */
export function countsByChannel(version: unknown, queues: readonly Queue[]): boolean {
  const [major = 0, minor = 0] = String(version ?? '')
    .split('.')
    .map(Number);
  return (major === 3 ? minor >= 3 : false) && !queues.some(isQuorum);
}

/** The count that a consumer tells the broker; held messages are taken besides. */
export function countFor(prefetch: number, held: number): number {
  return prefetch === 0 ? 0 : Math.min(MAX_COUNT, prefetch + held);
}

/** Tells the broker the count; says whether it was another than before. */
export class PrefetchCount {
  #told = -1;
  #isByChannel = true;

  get isByChannel(): boolean {
    return this.#isByChannel;
  }

  /** On a new channel, or before consumers are made anew. */
  async begin(channel: Channel, count: number, isByChannel: boolean): Promise<void> {
    this.#isByChannel = isByChannel;
    this.#told = count;
    await channel.prefetch(count, isByChannel);
  }

  /** Changes the count of a channel; does nothing when it stands already. */
  async change(channel: Channel, count: number): Promise<void> {
    if (count === this.#told) return;
    this.#told = count;
    await channel.prefetch(count, this.#isByChannel);
  }
}
