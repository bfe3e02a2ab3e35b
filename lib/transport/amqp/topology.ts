import type { Channel } from 'amqplib';
import { encodeTable } from '../../amqp/table.ts';
import type { Queue } from '../transport.ts';

/*
 * What is declared on RabbitMQ, exactly as Celery 5.6 does it, so that whoever comes first makes the same things:
 * a declaration with other arguments is refused.
 */

/** Queue that unreadable messages are moved to. */
export const PARKED_QUEUE: Queue = { name: 'umbel.parked', arguments: { 'x-max-length': 1000 } };

/** How broadcasts are declared; times in seconds. */
export interface BroadcastSettings {
  /** Celery's `event_exchange`: routed by topic. Default `celeryev`. */
  readonly eventExchange: string;
  /** Celery's `event_queue_ttl` and `event_queue_expires`. Default 5 and 60. */
  readonly eventTtl: number;
  readonly eventExpires: number;
  /** Celery's `control_queue_ttl` and `control_queue_expires`. Default 300 and 10. */
  readonly controlTtl: number;
  readonly controlExpires: number;
}

export const DEFAULT_BROADCASTS: BroadcastSettings = {
  eventExchange: 'celeryev',
  eventTtl: 5,
  eventExpires: 60,
  controlTtl: 300,
  controlExpires: 10,
};

/** Arguments of the queue behind a subscription or of replies. */
export function mailboxArguments(exchange: string, settings: BroadcastSettings): Record<string, unknown> {
  const isEvents = exchange === settings.eventExchange;
  return encodeTable({
    'x-expires': Math.round((isEvents ? settings.eventExpires : settings.controlExpires) * 1000),
    'x-message-ttl': Math.round((isEvents ? settings.eventTtl : settings.controlTtl) * 1000),
  });
}

/** Declares the exchange of a broadcast: events by topic, remote control and broadcast queues to everybody. */
export async function declareBroadcast(
  channel: Channel,
  name: string,
  { eventExchange }: BroadcastSettings,
): Promise<void> {
  const isEvents = name === eventExchange;
  await channel.assertExchange(name, isEvents ? 'topic' : 'fanout', {
    durable: isEvents || !name.endsWith('.pidbox'),
  });
}

/** Declares exchange, queue and binding of a task queue. Queues of the broker's own (`amq.`) are taken as they are. */
export async function declareQueue(channel: Channel, queue: Queue): Promise<void> {
  const { name, exchange = name, exchangeType = 'direct', routingKey = name, autoDelete = false } = queue;
  if (name.startsWith('amq.')) {
    await channel.checkQueue(name);
    return;
  }
  if (exchange !== '') await channel.assertExchange(exchange, exchangeType, { durable: true });
  await channel.assertQueue(name, {
    durable: true,
    autoDelete,
    arguments: encodeTable(queue.arguments ?? {}),
  });
  // Celery binds a broadcast queue without a key.
  const key = exchangeType === 'fanout' && queue.routingKey === undefined ? '' : routingKey;
  if (exchange !== '') await channel.bindQueue(name, exchange, key);
}

/** A queue that keeps its messages on several nodes, and counts how often it delivered each. */
export function isQuorum(queue: Queue): boolean {
  return queue.arguments?.['x-queue-type'] === 'quorum';
}
