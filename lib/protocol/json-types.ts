import { UmbelError } from '../contract/errors.ts';
import { fromZone } from '../util/time-zone.ts';

/*
 * The typed values of kombu/utils/json.py: `{"__type__": name, "__value__": value}`.
 */

const READERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  datetime: readDate,
  date: readDate,
  time: (value) => value,
  decimal: (value) => value,
  uuid: readUuid,
  bytes: (value) => new Uint8Array(Buffer.from(text(value), 'utf8')),
  base64: (value) => new Uint8Array(Buffer.from(text(value), 'base64')),
};

/** Has exactly the two keys, and a type that Python knows. */
export function isTyped(value: object): boolean {
  const name: unknown = Reflect.get(value, '__type__');
  return '__value__' in value && typeof name === 'string' && Object.hasOwn(READERS, name);
}

/** The value that a typed object stands for; any other object is returned as it is. */
export function reviveTyped(value: object): unknown {
  if (!isTyped(value) || Object.keys(value).length !== 2) return value;
  const read = READERS[String(Reflect.get(value, '__type__'))];
  return read === undefined ? value : read(Reflect.get(value, '__value__'));
}

/** `{"__type__": "datetime", …}` with microseconds and offset, as an aware Python datetime writes itself. */
export function typedDate(date: Date): string {
  return `{"__type__": "datetime", "__value__": "${isoformat(date)}"}`;
}

/** UTF-8 text when the bytes are that, base64 otherwise: Python's `bytes` both ways. */
export function typedBytes(bytes: Uint8Array): string {
  const utf8 = decodeUtf8(bytes);
  return utf8 === null
    ? `{"__type__": "base64", "__value__": "${Buffer.from(bytes).toString('base64')}"}`
    : `{"__type__": "bytes", "__value__": ${JSON.stringify(utf8)}}`;
}

/** The text that the bytes are in UTF-8, or null when they are none. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** `2026-01-31T10:00:00.250000+00:00`, as Python's `datetime.isoformat()` in UTC. */
export function isoformat(date: Date): string {
  if (Number.isNaN(date.getTime()))
    throw new UmbelError('bad_request', 'Cannot write an invalid Date as JSON.');
  return `${date.toISOString().slice(0, -1)}000+00:00`;
}

let lastMs = Number.NaN;
let lastText = '';

/** The present moment in that form; many ask within one millisecond. */
export function isoformatNow(): string {
  const now = Date.now();
  if (now === lastMs) return lastText;
  lastMs = now;
  lastText = isoformat(new Date(now));
  return lastText;
}

/** Seconds since the epoch of an ISO 8601 text; a time without offset is of the zone, UTC by default. NaN when it is none. */
export function parseIso(value: string, zone = 'UTC'): number {
  const hasOffset = /(?:[zZ]|[+-]\d\d:?\d\d)$/.test(value);
  const time = Date.parse(hasOffset || value.length <= 10 ? value : `${value}Z`);
  if (hasOffset || zone === 'UTC' || Number.isNaN(time)) return time / 1000;
  return fromZone(time, zone) / 1000;
}

function readDate(value: unknown): Date {
  const seconds = parseIso(text(value));
  if (Number.isNaN(seconds)) throw new UmbelError('bad_message', `Not a date: ${text(value).slice(0, 60)}`);
  return new Date(seconds * 1000);
}

function readUuid(value: unknown): unknown {
  const hex: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'hex') : value;
  const match = /^(\w{8})(\w{4})(\w{4})(\w{4})(\w{12})$/.exec(String(hex));
  return match ? match.slice(1).join('-') : hex;
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new UmbelError('bad_message', 'A typed JSON value holds no text.');
}
