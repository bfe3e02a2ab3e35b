/**
 * A message as brokers carry it: headers, properties, body and how the body is written.
 * Redis wraps it in one JSON envelope (protocol/envelope.ts), AMQP has a frame for each part.
 */
export interface WireMessage {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: MessageProperties;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Text when the encoding is utf-8 and the body is not compressed, bytes otherwise. */
  readonly body: string | Uint8Array;
}

/** Basic properties, with the names that py-amqp and kombu write. Unknown ones are kept. */
export interface MessageProperties {
  readonly correlation_id?: string;
  readonly reply_to?: string;
  readonly delivery_mode?: number;
  readonly priority?: number;
  /** Milliseconds, as text. */
  readonly expiration?: string;
  readonly delivery_tag?: string;
  readonly delivery_info?: DeliveryInfo;
  readonly [name: string]: unknown;
}

export interface DeliveryInfo {
  readonly exchange: string;
  readonly routing_key: string;
  readonly redelivered?: boolean;
  readonly priority?: number;
}
