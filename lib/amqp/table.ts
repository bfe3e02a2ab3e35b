/*
 * Header tables and queue arguments: how Python's types and ours meet on the wire.
 *
 * amqplib writes small integers with the tags `b` and `s`, which py-amqp reads as an unsigned byte and as a short
 * string, so every integer is written as `I` or `l`. py-amqp writes integers beyond 32 bits with the tag `L`, which
 * amqplib does not know: it would give up the connection, and the message would come again and again.
 */

/** A table as amqplib encodes it so that py-amqp reads it (amqp/serialization.py). */
export function encodeTable(table: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(table)) {
    if (value !== undefined) encoded[name] = encodeValue(value);
  }
  return encoded;
}

const INT32_MAX = 0x7fff_ffff;
const INT64_MAX = 2 ** 63;

function encodeValue(value: unknown): unknown {
  if (typeof value === 'number') return encodeNumber(value);
  if (typeof value === 'bigint') return { '!': 'long', value };
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(encodeValue);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value === 'object') return encodeTable({ ...value });
  return String(value);
}

function encodeNumber(value: number): unknown {
  if (!Number.isInteger(value) || Math.abs(value) >= INT64_MAX) return { '!': 'double', value };
  const fits = value <= INT32_MAX && value >= -INT32_MAX - 1;
  // py-amqp reads `l` as unsigned.
  if (!fits && value < 0) return { '!': 'double', value };
  return { '!': fits ? 'int' : 'long', value };
}

/** A table that amqplib decoded, with its typed values (timestamps, decimals) as plain ones. */
export function decodeTable(table: Readonly<Record<string, unknown>>): Record<string, unknown> {
  // Names come from anyone: without a prototype none of them means anything.
  const decoded: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(table)) decoded[name] = decodeValue(value);
  return decoded;
}

function decodeValue(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(decodeValue);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if ('!' in value && 'value' in value) return decodeTyped(value['!'], value.value);
  return decodeTable({ ...value });
}

function decodeTyped(type: unknown, value: unknown): unknown {
  if (type === 'timestamp') return Number(value);
  if (value !== null && typeof value === 'object' && 'digits' in value && 'places' in value) {
    return Number(value.digits) / 10 ** Number(value.places);
  }
  return value;
}

const TAG_L = 0x4c;
const TAG_l = 0x6c;
const FIXED_SIZES: Readonly<Record<string, number>> = {
  t: 1,
  b: 1,
  B: 1,
  s: 2,
  u: 2,
  I: 4,
  i: 4,
  f: 4,
  D: 5,
  l: 8,
  L: 8,
  d: 8,
  T: 8,
  V: 0,
};

/** Tables in tables; a few thousand would overflow amqplib's stack, again and again with each delivery. */
const MAX_DEPTH = 1_000;
/** Fewer bytes cannot be so deep: each level takes a tag and a length. */
const MIN_DEEP_BYTES = MAX_DEPTH * 5;
const TAG_BYTES = 0x78;

/**
 * Rewrites the tag `L` as `l`, which is the same to amqplib's decoder, in the header table of a content header's
 * payload (class, weight, body size, flags, properties). What is nested too deeply becomes plain bytes. What cannot be
 * followed is left to the decoder to refuse.
 */
export function repairProperties(payload: Buffer): void {
  if (payload.length < MIN_DEEP_BYTES && !payload.includes(TAG_L)) return;
  const flags = payload.readUInt16BE(12);
  let offset = 14;
  // content_type and content_encoding come before the headers.
  for (const bit of [0x8000, 0x4000]) {
    if (flags & bit) offset += 1 + payload.readUInt8(offset);
  }
  if (flags & 0x2000) repairTable(payload, offset, 0);
}

function repairTable(bytes: Buffer, start: number, depth: number): void {
  const end = start + 4 + bytes.readUInt32BE(start);
  let offset = start + 4;
  while (offset < end) {
    offset += 1 + bytes.readUInt8(offset);
    offset = repairField(bytes, offset, depth);
  }
}

function repairArray(bytes: Buffer, start: number, depth: number): void {
  const end = start + 4 + bytes.readUInt32BE(start);
  let offset = start + 4;
  while (offset < end) offset = repairField(bytes, offset, depth);
}

/** Returns where the next field begins; the end of the bytes when that cannot be told. */
function repairField(bytes: Buffer, start: number, depth: number): number {
  const tag = bytes.readUInt8(start);
  const name = String.fromCharCode(tag);
  const offset = start + 1;
  if (tag === TAG_L) bytes.writeUInt8(TAG_l, start);
  const size = FIXED_SIZES[name];
  if (size !== undefined) return offset + size;
  const isNested = name === 'F' || name === 'A';
  if (isNested && depth >= MAX_DEPTH) bytes.writeUInt8(TAG_BYTES, start);
  else if (name === 'F') repairTable(bytes, offset, depth + 1);
  else if (name === 'A') repairArray(bytes, offset, depth + 1);
  else if (name !== 'S' && name !== 'x') return bytes.length;
  return offset + 4 + bytes.readUInt32BE(offset);
}
