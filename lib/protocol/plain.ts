import { UmbelError } from '../contract/errors.ts';

/*
 * What serializers other than JSON write and read: null, booleans, numbers, bigint, strings, `Date`, `Uint8Array`,
 * arrays and plain objects of these.
 */

/** Deepest nesting that is written or read. A cycle is found by running into it. */
export const MAX_DEPTH = 1000;

/**
 * A copy of a value with nothing but plain data in it: `toJSON` is asked, `undefined` is left out of objects and null in
 * arrays. Throws `UmbelError('bad_request')` for functions, symbols, Map, Set, errors and cycles.
 */
export function toPlain(value: unknown, format: string, depth = 0): unknown {
  if (value === undefined) return null;
  if (typeof value === 'function' || typeof value === 'symbol') throw unsendable(`a ${typeof value}`, format);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) {
    throw unsendable(`a value that contains itself, or is nested deeper than ${MAX_DEPTH}`, format);
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw unsendable('an invalid Date', format);
    return value;
  }
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => toPlain(item, format, depth + 1));
  const toJSON: unknown = Reflect.get(value, 'toJSON');
  if (typeof toJSON === 'function') return toPlain(toJSON.call(value), format, depth + 1);
  const opaque = opaqueName(value);
  if (opaque !== null) throw unsendable(opaque, format);
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(members.map(([key, item]) => [key, toPlain(item, format, depth + 1)]));
}

const OPAQUE = [Map, Set, WeakMap, WeakSet, Promise, Error, RegExp];

/** `a Map`, for objects whose content is not in their properties and would be lost; null for all others. */
export function opaqueName(value: object): string | null {
  const found = OPAQUE.find((type) => value instanceof type);
  return found === undefined ? null : `a ${found.name}`;
}

/**
 * What a foreign reader made of a message, as plain data: integers that a double holds become numbers, keys named
 * `__proto__` are dropped. Throws `UmbelError('bad_message')` for sets and the like, and for nesting deeper than 1000.
 */
export function fromForeign(value: unknown, format: string, depth = 0): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date || value instanceof Uint8Array) return value;
  if (depth >= MAX_DEPTH) throw unusable(format, `it is nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) return value.map((item: unknown) => fromForeign(item, format, depth + 1));
  const opaque = opaqueName(value);
  if (opaque !== null) throw unusable(format, `it holds ${opaque}`);
  const members: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (key !== '__proto__') members[key] = fromForeign(item, format, depth + 1);
  }
  return members;
}

/** A body that its serializer cannot read. */
export function unusable(format: string, reason: string, cause?: unknown): UmbelError {
  return new UmbelError('bad_message', `The ${format} body cannot be read: ${reason}.`, { cause });
}

function unsendable(what: string, format: string): UmbelError {
  return new UmbelError(
    'bad_request',
    `Cannot write ${what} as ${format}. Send plain objects, arrays and texts.`,
  );
}
