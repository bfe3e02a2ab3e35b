import { UmbelError } from '../contract/errors.ts';
import { parseJsonText } from './json-reader.ts';
import { isTyped, reviveTyped, typedBytes, typedDate } from './json-types.ts';
import { MAX_DEPTH, opaqueName } from './plain.ts';
import { isRecord } from './record.ts';

/*
 * JSON as kombu writes and reads it (kombu/utils/json.py): dates, bytes and the like travel as objects with exactly
 * the keys `__type__` and `__value__`, numbers may be NaN or larger than a double holds.
 */

/**
 * Writes a value as JSON text. `Date` becomes an aware datetime, `Uint8Array` bytes, `bigint` a plain integer;
 * `undefined` is left out of objects and null in arrays; NaN and Infinity are written as Python does.
 * Throws `UmbelError('bad_request')` for what no reader could get back: functions, symbols, Map, Set, errors, cycles.
 */
export function encodeJson(value: unknown): string {
  return isPlain(value, 0) ? JSON.stringify(value) : write(value, 0, true);
}

/** As `encodeJson`, but passes typed values of unknown types on as they came: for messages that are only handed back. */
export function reencodeJson(value: unknown): string {
  return isPlain(value, 0) ? JSON.stringify(value) : write(value, 0, false);
}

/**
 * Reads JSON text of a Python or TypeScript peer. Integers that a double cannot hold become `bigint`; typed values
 * become `Date` (datetime, date), `string` (time, decimal, uuid) and `Uint8Array` (bytes); keys named `__proto__` are
 * dropped. Throws `UmbelError('bad_message')` when it is no JSON, or nested deeper than 1000.
 */
export function decodeJson(text: string): unknown {
  const value = parse(text);
  if (text.length <= MAX_DEPTH * 2 && !NEEDS_A_LOOK.test(text)) return value;
  const state = { isRounded: false };
  const settled = settle(value, 0, state);
  return state.isRounded ? settle(parseJsonText(text, MAX_DEPTH), 0, { isRounded: false }) : settled;
}

/**
 * What has to be looked for in a value: typed values, a key that is dropped, integers that a double may not hold, and
 * escapes that may spell one of these. A text of 2000 characters cannot be nested too deeply.
 */
const NEEDS_A_LOOK = /__|\\u|\d{16}/;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // NaN and Infinity are Python's extension; the own reader knows them and names the place of an error.
    return parseJsonText(text, MAX_DEPTH);
  }
}

/** As `decodeJson`, but typed values stay the objects they are: for messages that are only handed back. */
export function decodeJsonUntyped(text: string): unknown {
  return parseJsonText(text, MAX_DEPTH);
}

/** Whether `JSON.stringify` writes the value as it should. Most are, and it is several times faster than `write`. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      return value === null || (depth < MAX_DEPTH && isPlainContainer(value, depth + 1));
    default:
      return false;
  }
}

function isPlainContainer(value: object, depth: number): boolean {
  if (!isRecord(value)) return Array.isArray(value) && value.every((item) => isPlain(item, depth));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const key in value) {
    const item = value[key];
    if (item !== undefined && !isPlain(item, depth)) return false;
    if (key === '__type__' || key === 'toJSON') return false;
  }
  return true;
}

function write(value: unknown, depth: number, isStrict: boolean): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
    case 'bigint':
      return String(value);
    case 'undefined':
      return 'null';
    case 'object':
      return value === null ? 'null' : writeObject(value, depth, isStrict);
    default:
      throw unsendable(`a ${typeof value}`);
  }
}

function writeObject(value: object, depth: number, isStrict: boolean): string {
  if (depth >= MAX_DEPTH) throw unsendable('a value that contains itself, or is nested deeper than 1000');
  if (value instanceof Date) return typedDate(value);
  if (value instanceof Uint8Array) return typedBytes(value);
  if (Array.isArray(value)) {
    return `[${value.map((item: unknown) => write(item, depth + 1, isStrict)).join(', ')}]`;
  }
  const toJSON: unknown = Reflect.get(value, 'toJSON');
  if (typeof toJSON === 'function') return write(toJSON.call(value), depth + 1, isStrict);
  refuseOpaque(value);
  const members: string[] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) members.push(`${JSON.stringify(key)}: ${write(item, depth + 1, isStrict)}`);
  }
  if (isStrict && '__type__' in value && members.length === 2 && '__value__' in value && !isTyped(value)) {
    throw unsendable(
      'an object with just the keys __type__ and __value__, which Python would try to convert',
    );
  }
  return `{${members.join(', ')}}`;
}

/** JSON.stringify would write these as `{}` and lose what they hold. */
function refuseOpaque(value: object): void {
  const opaque = opaqueName(value);
  if (opaque !== null) throw unsendable(opaque);
}

function unsendable(what: string): UmbelError {
  return new UmbelError('bad_request', `Cannot write ${what} as JSON. Send plain objects, arrays and texts.`);
}

/** Checks the depth, revives typed values and notes integers that were rounded, in one walk. Changes in place. */
function settle(value: unknown, depth: number, state: { isRounded: boolean }): unknown {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) && Number.isInteger(value)) state.isRounded = true;
    return value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) {
    throw new UmbelError('bad_message', `JSON is nested deeper than ${MAX_DEPTH}.`);
  }
  return isRecord(value) ? settleObject(value, depth, state) : settleArray(value, depth, state);
}

function settleArray(value: unknown, depth: number, state: { isRounded: boolean }): unknown {
  if (!Array.isArray(value)) return value;
  for (let index = 0; index < value.length; index += 1) {
    const item: unknown = value[index];
    const settled = settle(item, depth + 1, state);
    if (settled !== item) value[index] = settled;
  }
  return value;
}

function settleObject(value: Record<string, unknown>, depth: number, state: { isRounded: boolean }): unknown {
  for (const key in value) {
    if (key === '__proto__') {
      Reflect.deleteProperty(value, key);
      continue;
    }
    const item = value[key];
    if (typeof item === 'string' || item === null) continue;
    const settled = settle(item, depth + 1, state);
    if (settled !== item) value[key] = settled;
  }
  return '__type__' in value ? reviveTyped(value) : value;
}
