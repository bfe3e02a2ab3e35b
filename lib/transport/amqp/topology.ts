import type { Channel, Options } from 'amqplib';
import { encodeTable } from '../../amqp/table.ts';
import type { Queue } from '../transport.ts';

/*
 * What is declared on RabbitMQ, exactly as Celery 5.6 does it, so that whoever comes first makes the same things:
 * a declaration with other arguments is refused.
 */

/** Queue that unreadable messages are moved to. */
export const PARKED_QUEUE: Queue = { name: 'umbel.parked', arguments: { 'x-max-length': 1000 } };

/** How the private queues of one kind are declared. */
export interface MailboxSettings {
  /** Seconds that a message waits. */
  readonly ttl: number;
  /** Seconds until a queue that nobody reads goes. */
  readonly expires: number;
  /** Only the connection that made it may read it. */
  readonly isExclusive: boolean;
  /** It outlives a restart of the broker, and its reader; then it goes when it expires. Not with `isExclusive`. */
  readonly isDurable: boolean;
}

/** How broadcasts are declared. */
export interface BroadcastSettings {
  /** Celery's `event_exchange`: routed by topic. Default `celeryev`. */
  readonly eventExchange: string;
  /** Celery's `event_queue_prefix`, in front of the names of event queues. Default `celeryev`. */
  readonly eventPrefix: string;
  /** Celery's `control_exchange`. Default `celery`. */
  readonly controlExchange: string;
  /** Celery's `event_queue_ttl` and so on. Default 5, 60, exclusive, not durable. */
  readonly events: MailboxSettings;
  /** Celery's `control_queue_ttl` and so on, of requests and replies. Default 300, 10, exclusive, not durable. */
  readonly control: MailboxSettings;
}

export const DEFAULT_BROADCASTS: BroadcastSettings = {
  eventExchange: 'celeryev',
  eventPrefix: 'celeryev',
  controlExchange: 'celery',
  events: { ttl: 5, expires: 60, isExclusive: true, isDurable: false },
  control: { ttl: 300, expires: 10, isExclusive: true, isDurable: false },
};

/** The queue behind a subscription or of replies (celery/events/receiver.py, kombu/pidbox.py). */
export function mailboxOptions(exchange: string, settings: BroadcastSettings): Options.AssertQueue {
  const isEvents = exchange === settings.eventExchange;
  const { ttl, expires, isExclusive, isDurable } = isEvents ? settings.events : settings.control;
  return {
    exclusive: isExclusive,
    durable: isDurable,
    autoDelete: !isDurable,
    arguments: encodeTable({
      'x-expires': Math.round(expires * 1000),
      'x-message-ttl': Math.round(ttl * 1000),
    }),
  };
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
  const { name, exchange = name, exchangeType = 'direct', routingKey = name } = queue;
  if (name.startsWith('amq.')) {
    await channel.checkQueue(name);
    return;
  }
  if (exchange !== '') await channel.assertExchange(exchange, exchangeType, { durable: true });
  await channel.assertQueue(name, {
    durable: queue.durable ?? true,
    exclusive: queue.exclusive ?? false,
    autoDelete: queue.autoDelete ?? false,
    arguments: encodeTable(queue.arguments ?? {}),
  });
  // Celery binds a broadcast queue without a key.
  const key = exchangeType === 'fanout' && queue.routingKey === undefined ? '' : routingKey;
  if (exchange !== '')
    await channel.bindQueue(name, exchange, key, encodeTable(queue.bindingArguments ?? {}));
  for (const binding of queue.bindings ?? []) {
    await channel.assertExchange(binding.exchange, binding.exchangeType ?? 'direct', { durable: true });
    await channel.bindQueue(name, binding.exchange, binding.routingKey, encodeTable(binding.arguments ?? {}));
  }
}

/** A queue that keeps its messages on several nodes, and counts how often it delivered each. */
export function isQuorum(queue: Queue): boolean {
  return queue.arguments?.['x-queue-type'] === 'quorum';
}
