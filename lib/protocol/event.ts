import { ANY_SERIALIZER, decodePayload, encodePayload } from './payload.ts';
import { isRecord } from './record.ts';
import type { Serializer } from './serializer.ts';
import type { WireMessage } from './wire.ts';

/** One event of a worker, a client or a task (celery/events). Fields beyond these depend on `type`. */
export interface CeleryEvent {
  readonly type: string;
  /** Seconds since the epoch, by the sender's clock. Never shift it by `utcoffset`: it is absolute. */
  readonly timestamp: number;
  readonly hostname: string;
  /** Hours west of UTC, rounded down. */
  readonly utcoffset: number;
  readonly pid: number;
  /** Lamport clock of the sender; null from some. */
  readonly clock: number | null;
  readonly [field: string]: unknown;
}

/** Topic of an event: `task-sent` → `task.sent`. */
export function routingKeyOf(type: string): string {
  return type.replaceAll('-', '.');
}

/** One event, or several that travel as an array under the routing key `task.multi`. Transient, as Celery sends them. */
export function encodeEvent(
  event: CeleryEvent | readonly CeleryEvent[],
  serializer?: Serializer,
): WireMessage {
  const events: readonly CeleryEvent[] = isList(event) ? event : [event];
  return {
    headers: { hostname: events[0]?.hostname ?? '' },
    properties: { delivery_mode: 1, priority: 0 },
    ...encodePayload(event, serializer ? { serializer } : {}),
  };
}

/** The events of a message. Those without type, hostname and timestamp are left out: nobody could place them. */
export function decodeEvents(message: WireMessage): CeleryEvent[] {
  return decodeEventBatch(message).events;
}

/** As `decodeEvents`, and how many were left out. A message that cannot be read counts as one. */
export function decodeEventBatch(message: WireMessage): { events: CeleryEvent[]; dropped: number } {
  const events: CeleryEvent[] = [];
  let dropped = 0;
  for (const item of readItems(message)) {
    const event = readEvent(item);
    if (event) events.push(event);
    else dropped += 1;
  }
  return { events, dropped };
}

function readItems(message: WireMessage): readonly unknown[] {
  try {
    const value = decodePayload(message, ANY_SERIALIZER);
    return Array.isArray(value) ? value : [value];
  } catch {
    // Anybody may publish to the channel; what cannot be read is counted, not thrown at the reader of the next.
    return [undefined];
  }
}

function readEvent(item: unknown): CeleryEvent | null {
  if (!isRecord(item)) return null;
  const { type, timestamp, hostname, utcoffset, pid, clock } = item;
  if (typeof type !== 'string' || typeof hostname !== 'string' || !Number.isFinite(timestamp)) return null;
  if (typeof utcoffset === 'number' && typeof pid === 'number' && typeof clock === 'number') {
    if (isEvent(item)) return item;
  }
  return {
    ...item,
    type,
    hostname,
    timestamp: Number(timestamp),
    utcoffset: typeof utcoffset === 'number' ? utcoffset : 0,
    pid: typeof pid === 'number' ? pid : 0,
    clock: typeof clock === 'number' ? clock : null,
  };
}

/** All fields that every event has were checked by the caller. */
function isEvent(item: Record<string, unknown>): item is CeleryEvent {
  return item['type'] !== undefined;
}

function isList(event: CeleryEvent | readonly CeleryEvent[]): event is readonly CeleryEvent[] {
  return Array.isArray(event);
}
