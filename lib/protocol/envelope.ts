import { UmbelError } from '../contract/errors.ts';
import { textOfBase64, toBase64 } from './base64.ts';
import { decodeJson, decodeJsonUntyped, encodeJson, reencodeJson } from './json.ts';
import { isRecord } from './record.ts';
import type { DeliveryInfo, WireMessage } from './wire.ts';

/*
 * The one JSON object in which kombu's virtual transports wrap a message (kombu/transport/virtual/base.py).
 */

export interface EnvelopeDestination {
  readonly exchange: string;
  readonly routingKey: string;
}

/** The text that goes into a Redis list or channel. `deliveryTag` must be fresh for each publish. */
export function encodeEnvelope(
  message: WireMessage,
  destination: EnvelopeDestination,
  deliveryTag: string,
): string {
  const { properties, headers } = message;
  const body = toBase64(message.body);
  // Python dies of a message without tag or delivery_info, so these are always written here, after the caller's.
  const {
    delivery_tag: _tag,
    delivery_info: _info,
    body_encoding: _encoding,
    priority,
    ...rest
  } = properties;
  const extra = encodeJson(rest);
  return `{"body": "${body}", "content-encoding": ${quote(message.contentEncoding)}, "content-type": ${quote(
    message.contentType,
  )}, "headers": ${encodeJson(headers)}, "properties": {${
    extra === '{}' ? '' : `${extra.slice(1, -1)}, `
  }"delivery_info": {"exchange": ${quote(destination.exchange)}, "routing_key": ${quote(
    destination.routingKey,
  )}}, "priority": ${priority ?? 0}, "body_encoding": "base64", "delivery_tag": ${quote(deliveryTag)}}}`;
}

/** Reads what lies in a Redis list or comes from a channel. Throws `UmbelError('bad_message')`. */
export function decodeEnvelope(text: string): WireMessage {
  const envelope = decodeJson(text);
  if (!isRecord(envelope)) throw unusable('it is no JSON object');
  const { headers, properties, body } = envelope;
  if (!isRecord(properties)) throw unusable('it has no properties');
  const encoding = envelope['content-encoding'];
  const contentEncoding = typeof encoding === 'string' ? encoding : 'utf-8';
  const ownHeaders = isRecord(headers) ? headers : {};
  return {
    headers: ownHeaders,
    properties: checkProperties(properties),
    contentType: String(envelope['content-type'] ?? 'application/data'),
    contentEncoding,
    body: decodeBody(body, properties, ownHeaders, contentEncoding),
  };
}

/** The text of a message that goes back to its queue: flagged as redelivered, and counted (kombu/transport/redis.py). */
export function markRedelivered(text: string): string {
  const envelope = decodeJsonUntyped(text);
  if (!isRecord(envelope) || !isRecord(envelope['properties'])) throw unusable('it has no properties');
  const headers = isRecord(envelope['headers']) ? envelope['headers'] : {};
  const { properties } = envelope;
  const info = isRecord(properties['delivery_info']) ? properties['delivery_info'] : {};
  const count = headers['x-delivery-count'];
  return reencodeJson({
    ...envelope,
    headers: {
      ...headers,
      redelivered: true,
      'x-delivery-count': typeof count === 'number' ? count + 1 : 1,
    },
    properties: { ...properties, delivery_info: { ...info, redelivered: true } },
  });
}

function decodeBody(
  body: unknown,
  properties: Record<string, unknown>,
  headers: Record<string, unknown>,
  contentEncoding: string,
): string | Uint8Array {
  if (typeof body !== 'string') throw unusable('its body is no text');
  const isText = contentEncoding === 'utf-8' || /^(utf-?8|us-ascii|ascii)$/i.test(contentEncoding);
  const encoding = properties['body_encoding'] === 'base64' ? 'base64' : 'utf8';
  if (!isText || headers['compression'] !== undefined) return new Uint8Array(Buffer.from(body, encoding));
  return encoding === 'base64' ? textOfBase64(body) : body;
}

/** Mends what is missing or of another type. In place: each message passes here, and few need it. */
function checkProperties(properties: Record<string, unknown>): WireMessage['properties'] {
  if (typeof properties['priority'] !== 'number') properties['priority'] = 0;
  const info = properties['delivery_info'];
  if (!isDeliveryInfo(info)) {
    const { exchange, routing_key, ...rest } = isRecord(info) ? info : {};
    properties['delivery_info'] = {
      ...rest,
      exchange: String(exchange ?? ''),
      routing_key: String(routing_key ?? ''),
    };
  }
  return properties;
}

function isDeliveryInfo(info: unknown): info is DeliveryInfo {
  return isRecord(info) && typeof info['exchange'] === 'string' && typeof info['routing_key'] === 'string';
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function unusable(reason: string): UmbelError {
  return new UmbelError('bad_message', `The message cannot be read: ${reason}.`);
}
