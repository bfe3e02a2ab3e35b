import { toError } from '../../contract/errors.ts';
import { decodeEnvelope, markRedelivered } from '../../protocol/envelope.ts';
import { decodeJson, encodeJson } from '../../protocol/json.ts';
import type { Keys } from './keys.ts';
import type { Origin } from './ledger.ts';

/** What `unacked` holds for a tag: kombu's `[message, exchange, routing_key]`. */
export interface Booking {
  /** The message's own text. */
  readonly raw: string;
  readonly exchange: string;
  readonly routingKey: string;
}

const TRIPLE =
  /^\s*\[\s*(\{[\s\S]*\})\s*,\s*("(?:[^"\\]|\\.)*"|null)\s*,\s*("(?:[^"\\]|\\.)*"|null)\s*\]\s*$/;

/** Splits the text of a booking without parsing the message; null when it is none. */
export function readBooking(text: string): Booking | null {
  const [, raw, exchange, routingKey] = TRIPLE.exec(text) ?? [];
  if (raw === undefined || exchange === undefined || routingKey === undefined) return null;
  try {
    return { raw, exchange: readText(exchange), routingKey: readText(routingKey) };
  } catch {
    return null;
  }
}

/** Where a message of ours came from, by its booking; null when there is none. */
export function originOf(booking: unknown, keys: Keys): Origin | null {
  const read = typeof booking === 'string' ? readBooking(booking) : null;
  if (read === null) return null;
  const { raw, routingKey: queue } = read;
  return { queue, key: keys.list(queue, stepOf(raw, keys)), raw };
}

/** Priority step of a message's text. What cannot be read is for the worker that takes it to park. */
export function stepOf(raw: string, keys: Keys): number {
  try {
    return keys.stepOf(decodeEnvelope(raw).properties);
  } catch {
    return keys.steps[0] ?? 0;
  }
}

/** The text that goes back to a queue. What cannot be flagged goes back as it was, to be parked by who takes it. */
export function redelivered(raw: string): string {
  try {
    return markRedelivered(raw);
  } catch {
    return raw;
  }
}

/** Entry of the parked list. */
export function parkedEntry(queue: string, reason: unknown, message: string): string {
  const text = typeof reason === 'string' ? reason : toError(reason).message;
  return encodeJson({ queue, reason: text, at: new Date().toISOString(), message });
}

function readText(json: string): string {
  return String(decodeJson(json) ?? '');
}
