import type { Channel } from 'amqplib';
import { encodeTable } from '../../amqp/table.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { Destination, Queue } from '../transport.ts';
import { isQuorum } from './topology.ts';

/*
 * Native delayed delivery (kombu/transport/native_delayed_delivery.py, Celery 5.5): with quorum queues a worker cannot
 * hold messages for later beyond its prefetch, so the broker does. A delay in seconds is written as 28 binary digits in
 * front of the routing key; a message passes one queue with a TTL of 2^n seconds for each digit that is 1.
 */

const LEVELS = 28;
const LAST = LEVELS - 1;
const MAX_SECONDS = 2 ** LEVELS - 1;
/** Declared last: where it is, all levels are. */
export const DELIVERY_EXCHANGE = 'celery_delayed_delivery';

function levelName(level: number): string {
  return `celery_delayed_${level}`;
}

/** Whether messages for a queue may wait at the broker: direct exchanges know no patterns. */
export function canDelay(queue: Queue): boolean {
  return isQuorum(queue) && !isDirect(queue);
}

/** Whether some come that have waited: with one quorum queue Celery lets those for all queues wait. */
export function mayBeDelayed(queue: Queue, all: readonly Queue[]): boolean {
  return !isDirect(queue) && all.some(isQuorum);
}

function isDirect({ exchangeType = 'direct' }: Queue): boolean {
  return exchangeType === 'direct';
}

/** Declares the 28 levels, and behind the last the exchange that `bindDelays` binds to. */
export async function declareDelays(channel: Channel, type: 'classic' | 'quorum'): Promise<void> {
  for (let level = LAST; level >= 0; level -= 1) await declareLevel(channel, level, type);
  await channel.assertExchange(DELIVERY_EXCHANGE, 'topic', { durable: true });
  await channel.bindExchange(DELIVERY_EXCHANGE, levelName(0), `${'*.'.repeat(LAST)}0.#`);
}

/** Lets what has waited long enough come to a queue: without it the broker drops it then. */
export async function bindDelays(channel: Channel, queue: Queue): Promise<void> {
  const { name, exchange = name, routingKey = name } = queue;
  const pattern = routingKey.startsWith('#') ? routingKey : `#.${routingKey}`;
  await channel.bindExchange(exchange, DELIVERY_EXCHANGE, pattern);
  await channel.bindQueue(name, exchange, pattern);
}

async function declareLevel(channel: Channel, level: number, type: 'classic' | 'quorum'): Promise<void> {
  const name = levelName(level);
  const next = level > 0 ? levelName(level - 1) : DELIVERY_EXCHANGE;
  await channel.assertExchange(name, 'topic', { durable: true });
  await channel.assertQueue(name, {
    durable: true,
    arguments: encodeTable({
      'x-queue-type': type,
      'x-overflow': 'reject-publish',
      'x-message-ttl': 2 ** level * 1000,
      'x-dead-letter-exchange': next,
      // Classic queues do not know it.
      'x-dead-letter-strategy': type === 'quorum' ? 'at-least-once' : undefined,
    }),
  });
  const before = '*.'.repeat(LAST - level);
  await channel.bindQueue(name, name, `${before}1.#`);
  if (level === 0) return;
  await channel.assertExchange(next, 'topic', { durable: true });
  await channel.bindExchange(next, name, `${before}0.#`);
}

/** Where a message with an ETA goes so that the broker keeps it until then; null when it goes straight to its queue. */
export function delayedDestination(
  destination: Destination,
  message: WireMessage,
  nowMs: number,
): Destination | null {
  const { queue, routingKey } = destination;
  const eta = message.headers['eta'];
  if (!queue || !canDelay(queue) || typeof eta !== 'string') return null;
  // Whole seconds, as Celery: the worker waits out the rest.
  const seconds = Math.min(MAX_SECONDS, Math.floor((Date.parse(eta) - nowMs) / 1000));
  if (!(seconds > 0)) return null;
  const digits = seconds.toString(2).padStart(LEVELS, '0').split('').join('.');
  return { exchange: levelName(LAST), routingKey: `${digits}.${routingKey}` };
}
