import type { Channel } from 'amqplib';
import { encodeTable } from '../../amqp/table.ts';
import type { Queue } from '../transport.ts';

/*
 * What is declared on RabbitMQ, exactly as Celery 5.6 does it, so that whoever comes first makes the same things:
 * a declaration with other arguments is refused.
 */

interface ExchangeSpec {
  readonly type: 'direct' | 'topic' | 'fanout';
  readonly durable: boolean;
}

/** Queue that unreadable messages are moved to. */
export const PARKED_QUEUE: Queue = { name: 'umbel.parked', arguments: { 'x-max-length': 1000 } };

const EVENT_EXCHANGE = 'celeryev';
/** Milliseconds; Celery's control_queue_expires and control_queue_ttl. */
const MAILBOX_ARGUMENTS = { 'x-expires': 10_000, 'x-message-ttl': 300_000 };
/** Celery's event_queue_expires and event_queue_ttl. */
const EVENT_ARGUMENTS = { 'x-expires': 60_000, 'x-message-ttl': 5_000 };

/** Arguments of the queue behind a subscription or of replies. */
export function mailboxArguments(exchange: string): Record<string, unknown> {
  return encodeTable(exchange === EVENT_EXCHANGE ? EVENT_ARGUMENTS : MAILBOX_ARGUMENTS);
}

/** Declares the exchange of a broadcast: events by topic, remote control and broadcast queues to everybody. */
export async function declareBroadcast(channel: Channel, name: string): Promise<void> {
  const { type, durable } = broadcastExchange(name);
  await channel.assertExchange(name, type, { durable });
}

function broadcastExchange(name: string): ExchangeSpec {
  if (name === EVENT_EXCHANGE) return { type: 'topic', durable: true };
  return { type: 'fanout', durable: !name.endsWith('.pidbox') };
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
