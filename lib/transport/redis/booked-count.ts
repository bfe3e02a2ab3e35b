import { decodeJson } from '../../protocol/json.ts';
import { isReply } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { Bindings } from './bindings.ts';
import { COUNT_BOOKED } from './scripts.ts';

/** Up to so many bookings are all read: about three milliseconds of the server. */
const EXACT_UP_TO = 500;
/** Of more so many are read: the share of a queue is then right to a few percent, and two milliseconds are enough. */
const SAMPLED = 200;
const MAX_BYTES = 500_000;

/** How many messages of each queue are taken but not acknowledged. */
export interface BookedCounts {
  readonly byQueue: ReadonlyMap<string, number>;
  /** The counts are drawn from a part of what is booked. */
  readonly isEstimate: boolean;
}

/** Asks the server; null where its user may not run scripts or the key is something else. */
export async function askBooked(link: Link, unackedKey: string): Promise<readonly unknown[] | null> {
  try {
    const reply = await link.run(COUNT_BOOKED, [unackedKey], [EXACT_UP_TO, SAMPLED, MAX_BYTES]);
    return Array.isArray(reply) ? reply : null;
  } catch (error) {
    // The lengths of the queues are worth having without it.
    if (isReply(error)) return null;
    throw error;
  }
}

/** Reads the answer. A booking names its queue, or the exchange that led to it. Null: nothing could be read. */
export async function readBooked(
  reply: readonly unknown[] | null,
  bindings: Bindings,
): Promise<BookedCounts | null> {
  if (reply === null) return null;
  const [total, read] = [Number(reply[0]), Number(reply[1])];
  if (read === 0 && total > 0) return null;
  const byQueue = new Map<string, number>();
  for (let at = 2; at < reply.length; at += 2) {
    const queue = await queueOf(String(reply[at]), bindings);
    if (queue === null) continue;
    const count = Math.round((Number(reply[at + 1]) * total) / read);
    byQueue.set(queue, (byQueue.get(queue) ?? 0) + count);
  }
  return { byQueue, isEstimate: read < total };
}

/** Null where the exchange leads to several queues: the booking does not say from which it came. */
async function queueOf(names: string, bindings: Bindings): Promise<string | null> {
  const [exchange, routingKey] = readNames(names);
  if (routingKey === null) return null;
  if (exchange === null || exchange === '') return routingKey;
  const [queue, ...others] = await bindings.queuesOf(exchange, routingKey);
  return queue === undefined || others.length > 0 ? null : queue;
}

function readNames(json: string): [exchange: string | null, routingKey: string | null] {
  try {
    const names: unknown = decodeJson(`[${json}]`);
    if (Array.isArray(names) && typeof names[1] === 'string') {
      return [typeof names[0] === 'string' ? names[0] : null, names[1]];
    }
  } catch {
    // Another client's text: it belongs to no queue that we know.
  }
  return [null, null];
}
