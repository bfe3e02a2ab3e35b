import { UmbelError } from '../contract/errors.ts';
import { ANY_SERIALIZER, decodePayload, encodePayload, type PayloadLimits } from './payload.ts';
import { isRecord, numberOrNull, textOrNull } from './record.ts';
import type { Serializer } from './serializer.ts';
import type { WireMessage } from './wire.ts';

/*
 * Remote control (kombu/pidbox.py): a request to all workers or some, and each worker's reply.
 */

export interface ControlRequest {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Node names; null means everybody. */
  readonly destination: readonly string[] | null;
  readonly pattern: string | null;
  /** `glob` or `pcre`. */
  readonly matcher: string | null;
  /** Ties replies to the request; null when none is wanted. */
  readonly ticket: string | null;
  readonly replyTo: { readonly exchange: string; readonly routingKey: string } | null;
  /** Lamport clock of the sender. */
  readonly clock?: number | null;
}

export interface ControlReply {
  readonly ticket: string | null;
  readonly clock: number | null;
  /** What each worker answered; normally one. */
  readonly replies: Readonly<Record<string, unknown>>;
}

/** `expiresAt` in seconds since the epoch, 0 for never; workers do not look at it. */
export function encodeControlRequest(
  request: Partial<ControlRequest> & { readonly method: string },
  clock: number,
  expiresAt: number,
  serializer?: Serializer,
): WireMessage {
  const body: Record<string, unknown> = {
    method: request.method,
    arguments: request.arguments ?? {},
    destination: request.destination ?? null,
    pattern: request.pattern ?? null,
    matcher: request.matcher ?? null,
  };
  if (request.ticket && request.replyTo) {
    const { exchange, routingKey } = request.replyTo;
    body['ticket'] = request.ticket;
    body['reply_to'] = { exchange, routing_key: routingKey };
  }
  return controlMessage({ clock, expires: expiresAt }, 2, body, serializer);
}

/** Reads a request; nulls and missing fields are what Python clients send. Throws `UmbelError('bad_message')`. */
export function decodeControlRequest(message: WireMessage, limits?: PayloadLimits): ControlRequest {
  const value = decodePayload(message, limits);
  if (!isRecord(value) || typeof value['method'] !== 'string') {
    throw new UmbelError('bad_message', 'A remote control request has no method.');
  }
  const { destination, reply_to: replyTo } = value;
  return {
    method: value['method'],
    arguments: isRecord(value['arguments']) ? value['arguments'] : {},
    destination: readDestination(destination),
    pattern: textOrNull(value['pattern']),
    matcher: textOrNull(value['matcher']),
    ticket: textOrNull(value['ticket']),
    replyTo: isRecord(replyTo)
      ? {
          exchange: String(replyTo['exchange'] ?? ''),
          routingKey: String(replyTo['routing_key'] ?? ''),
        }
      : null,
    clock: numberOrNull(message.headers['clock']),
  };
}

/** What a worker sends back: `{hostname: value}`. */
export function encodeControlReply(
  hostname: string,
  value: unknown,
  ticket: string | null,
  clock: number,
  serializer?: Serializer,
): WireMessage {
  return controlMessage({ ticket, clock }, 1, { [hostname]: value ?? null }, serializer);
}

export function decodeControlReply(message: WireMessage): ControlReply {
  const { headers } = message;
  const replies = decodePayload(message, ANY_SERIALIZER);
  if (!isRecord(replies)) throw new UmbelError('bad_message', 'A remote control reply is no object.');
  return { ticket: textOrNull(headers['ticket']), clock: numberOrNull(headers['clock']), replies };
}

/** Whether a worker should obey: by list of names, by pattern, else everybody (kombu/pidbox.py `Node.handle_message`). */
export function isAddressedTo(request: ControlRequest, hostname: string): boolean {
  const { destination, pattern, matcher } = request;
  if (destination && destination.length > 0) return destination.includes(hostname);
  if (!pattern || !matcher) return true;
  try {
    const source = matcher === 'pcre' ? `^(?:${pattern})` : globSource(pattern);
    return new RegExp(source).test(hostname);
  } catch {
    // A pattern that is no pattern addresses nobody; the sender sees that nobody answers.
    return false;
  }
}

/** Python's fnmatch: `*`, `?` and `[…]` with `!` for negation, anchored at both ends. */
export function globSource(glob: string): string {
  const source = glob.replace(/\[(!?)([^\]]+)\]|[.+^${}()|[\]\\*?]/g, (match, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replaceAll('\\', '\\\\')}]`;
    if (match === '*') return '[\\s\\S]*';
    return match === '?' ? '[\\s\\S]' : `\\${match}`;
  });
  return `^${source}$`;
}

function readDestination(value: unknown): string[] | null {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' && value !== '' ? [value] : null;
}

function controlMessage(
  headers: Record<string, unknown>,
  deliveryMode: number,
  body: unknown,
  serializer?: Serializer,
): WireMessage {
  return {
    headers,
    properties: { delivery_mode: deliveryMode, priority: 0 },
    ...encodePayload(body, serializer ? { serializer } : {}),
  };
}
