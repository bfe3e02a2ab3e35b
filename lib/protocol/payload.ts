import { UmbelError } from '../contract/errors.ts';
import { compress, decompress } from './compression.ts';
import { encodeJson } from './json.ts';
import { textOrNull } from './record.ts';
import { ALL_TYPES, JSON_SERIALIZER, type Serializer, serializerOf } from './serializer.ts';
import type { WireMessage } from './wire.ts';

/** How the body of a message is written. */
export interface PayloadFormat {
  /** Default JSON. */
  readonly serializer?: Serializer;
  /** A method of `compression.ts`; null for none. */
  readonly compression?: string | null;
  /** Largest body before packing, in bytes. Default 32 MiB. */
  readonly maxBytes?: number;
}

/** What may be read, and how much of it. */
export interface PayloadLimits {
  /** MIME types that are read (`accept_content`). */
  readonly accept: ReadonlySet<string>;
  /** Largest body after unpacking, in bytes. */
  readonly maxBytes: number;
  /** Zone of times without offset. Default UTC. */
  readonly timeZone?: string;
}

/** Largest body that is sent or unpacked, in bytes, when nobody says otherwise. */
export const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;

export const JSON_ONLY: PayloadLimits = {
  accept: new Set([JSON_SERIALIZER.contentType]),
  maxBytes: DEFAULT_MAX_BYTES,
};

/** All that is safe to read, for monitors, which know no app's settings. */
export const ANY_SERIALIZER: PayloadLimits = { accept: ALL_TYPES, maxBytes: DEFAULT_MAX_BYTES };

type Payload = Pick<WireMessage, 'body' | 'contentType' | 'contentEncoding'> & {
  /** To add to the headers when the body is compressed. */
  readonly compression?: string;
};

/** Writes a body. Throws `UmbelError`: `bad_request`, `too_large` or `unsupported`. */
export function encodePayload(value: unknown, format: PayloadFormat): Payload {
  const { serializer = JSON_SERIALIZER } = format;
  return packPayload(serializer.encode(value), format);
}

/** The same of a body that its serializer has written. */
export function packPayload(body: string | Uint8Array, format: PayloadFormat): Payload {
  const { serializer = JSON_SERIALIZER, compression, maxBytes = DEFAULT_MAX_BYTES } = format;
  const { contentType, contentEncoding } = serializer;
  checkSize(body, maxBytes);
  if (!compression) return { body, contentType, contentEncoding };
  const packed = compress(body, compression);
  return { body: packed.bytes, contentType, contentEncoding, compression: packed.contentType };
}

function checkSize(body: string | Uint8Array, maxBytes: number): void {
  // A character takes 3 bytes at most, so that most bodies need no count.
  if (body.length * 3 <= maxBytes) return;
  const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  if (bytes <= maxBytes) return;
  throw new UmbelError(
    'too_large',
    `The arguments take ${megabytes(bytes)}, and a message may have ${megabytes(maxBytes)}. ` +
      'Send a reference to the data, or raise broker_transport_options.max_message_size (bytes) for senders and workers.',
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/** The value of a body. Throws `UmbelError`: `bad_message`, `too_large`, or `unsupported` compression. */
export function decodePayload(message: WireMessage, limits: PayloadLimits = JSON_ONLY): unknown {
  return serializerFor(message, limits).decode(unpacked(message, limits));
}

/** The body as JSON text: as it is when it is JSON already, else rewritten. Throws as `decodePayload`. */
export function payloadText(message: WireMessage, limits: PayloadLimits = JSON_ONLY): string {
  const serializer = serializerFor(message, limits);
  const body = unpacked(message, limits);
  if (serializer !== JSON_SERIALIZER) return encodeJson(serializer.decode(body));
  return typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
}

/** kombu's rule and words (`ContentDisallowed`). */
function serializerFor({ contentType }: WireMessage, { accept }: PayloadLimits): Serializer {
  const serializer = serializerOf(contentType);
  if (serializer !== undefined && accept.has(contentType)) return serializer;
  const hint =
    serializer === undefined
      ? `content type ${contentType.slice(0, 100)} is not accepted, only ${[...accept].join(', ')}`
      : `content type ${contentType} is not accepted: add "${serializer.name}" to accept_content`;
  throw new UmbelError('bad_message', `The message cannot be used: ${hint}.`);
}

function unpacked({ headers, body }: WireMessage, { maxBytes }: PayloadLimits): string | Uint8Array {
  const method = textOrNull(headers['compression']);
  return method === null ? body : decompress(body, method, maxBytes);
}
