import type { ConsumeMessage, Message, Options } from 'amqplib';
import { decodeTable, encodeTable } from '../../amqp/table.ts';
import type { WireMessage } from '../../protocol/wire.ts';

/* One message between our form and AMQP's basic properties (amqp/basic_message.py). */

/** What amqplib publishes. Properties that AMQP does not have are left out, as py-amqp does. */
export function encodeProperties(message: WireMessage): Options.Publish {
  const { headers, properties, contentType, contentEncoding } = message;
  const { correlation_id, reply_to, delivery_mode, priority, expiration } = properties;
  return {
    contentType,
    contentEncoding,
    headers: encodeTable(headers),
    deliveryMode: delivery_mode ?? 2,
    priority: priority ?? 0,
    ...(correlation_id !== undefined && { correlationId: String(correlation_id) }),
    ...(reply_to !== undefined && { replyTo: String(reply_to) }),
    ...(expiration !== undefined && { expiration: String(expiration) }),
    ...text(properties, 'message_id', 'messageId'),
    ...text(properties, 'type', 'type'),
    ...text(properties, 'app_id', 'appId'),
  };
}

export function encodeBody({ body }: WireMessage): Buffer {
  return typeof body === 'string'
    ? Buffer.from(body, 'utf8')
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** A delivered message. What it holds is copied out of the socket's buffer, which may be much larger. */
export function decodeMessage({ properties, fields, content }: ConsumeMessage | Message): WireMessage {
  const headers = decodeTable({ ...properties.headers });
  const contentEncoding = asText(properties.contentEncoding) ?? 'utf-8';
  const isBinary =
    headers['compression'] !== undefined || !/^(utf-?8|us-ascii|ascii)$/i.test(contentEncoding);
  const priority = typeof properties.priority === 'number' ? properties.priority : 0;
  const optional = {
    correlation_id: asText(properties.correlationId),
    reply_to: asText(properties.replyTo),
    expiration: asText(properties.expiration),
    message_id: asText(properties.messageId),
    type: asText(properties.type),
    app_id: asText(properties.appId),
  };
  return {
    headers,
    properties: {
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
      delivery_mode: properties.deliveryMode === 1 ? 1 : 2,
      priority,
      delivery_info: {
        exchange: fields.exchange,
        routing_key: fields.routingKey,
        redelivered: fields.redelivered || headers['redelivered'] === true,
        priority,
      },
    },
    contentType: asText(properties.contentType) ?? 'application/data',
    contentEncoding,
    body: isBinary ? new Uint8Array(content) : content.toString('utf8'),
  };
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function text(properties: WireMessage['properties'], from: string, to: string): Record<string, string> {
  const value = properties[from];
  return typeof value === 'string' ? { [to]: value } : {};
}
