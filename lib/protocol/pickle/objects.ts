import { isRecord, numberOrNull, textOrNull } from '../record.ts';
import { refused } from './refused.ts';

/** `args` and `state` are plain values already; `args` is null where the class itself stands for a value. */
type Reader = (args: readonly unknown[], state: unknown) => unknown;

/** The plain value that stands for an object of Python. Throws `UmbelError('bad_message')` for a class not in the list. */
export function readObject(name: string, args: readonly unknown[] | null, state: unknown): unknown {
  if (args === null) return Object.hasOwn(READERS, name) ? name : fail(name);
  return (Object.hasOwn(READERS, name) ? READERS[name]?.(args, state) : undefined) ?? fail(name);
}

function fail(name: string): never {
  throw refused(`it holds an object of ${name.slice(0, 100)}, and only data is read`);
}

const MINUTE_MS = 60_000;

/** By the name that Python 3 pickles; protocols 0 to 2 use those of Python 2. */
const READERS: Readonly<Record<string, Reader>> = {
  'datetime.datetime': ([packed, zone]) => readDateTime(packed, zone),
  'datetime.date': ([packed]) => readDate(packed),
  'datetime.time': ([packed]) => readTime(packed),
  'datetime.timedelta': ([days, seconds, micros]) =>
    Number(days) * 86_400 + Number(seconds) + Number(micros) / 1e6,
  'datetime.timezone': ([offset]) => numberOrNull(offset),
  'pytz._UTC': () => 0,
  'decimal.Decimal': ([text]) => textOrNull(text),
  'uuid.UUID': (_args, state) => readUuid(state),
  'uuid.SafeUUID': () => 0,
  'collections.OrderedDict': (_args, state) => state ?? {},
  'builtins.set': ([items]) => items ?? [],
  'builtins.frozenset': ([items]) => items ?? [],
  '__builtin__.set': ([items]) => items ?? [],
  '__builtin__.frozenset': ([items]) => items ?? [],
  'builtins.bytearray': byteArray,
  '__builtin__.bytearray': byteArray,
  // How protocols 0 to 2 write bytes: a text with one character for each.
  '_codecs.encode': ([text]) => latin1(text),
  'builtins.bytes': () => new Uint8Array(),
  '__builtin__.bytes': () => new Uint8Array(),
  // Celery's results as the tuples that its other backends store (celery/result.py `as_tuple`). What they hold of the
  // backend they came from is of no use elsewhere.
  'celery.result.GroupResult': (args) => groupResult(args),
  'celery.result.AsyncResult': (args) => asyncResult(args),
  'celery.app.base._unpickle_appattr': ([name, args]) => ofApp(name, args),
  'celery.backends.base.unpickle_backend': () => false,
  'celery.backends.database.DatabaseBackend': () => false,
};

function byteArray([content = '']: readonly unknown[]): unknown {
  return content instanceof Uint8Array ? content : latin1(content);
}

/** A class that an app made for itself, such as `app.GroupResult`: what `apply_async` of a group returns. */
function ofApp(name: unknown, args: unknown): unknown {
  if (!Array.isArray(args)) return null;
  if (name === 'GroupResult') return groupResult(args);
  return name === 'AsyncResult' ? asyncResult(args) : null;
}

function groupResult([id, results]: readonly unknown[]): unknown {
  return [[id, null], results];
}

/** Arguments: id, backend, task name, app, parent. */
function asyncResult([id, , , , parent = null]: readonly unknown[]): unknown {
  return [[id, parent], null];
}

/** Ten bytes: year, month, day, hour, minute, second, microseconds; a time without zone is UTC, as Celery has it. */
function readDateTime(packed: unknown, zone: unknown): Date | null {
  const bytes = packedBytes(packed, 10);
  if (!bytes) return null;
  const [high = 0, low = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = bytes;
  const micros = ((bytes[7] ?? 0) << 16) | ((bytes[8] ?? 0) << 8) | (bytes[9] ?? 0);
  // The sign bit of the month tells which of two times of a clock set back is meant.
  const date = new Date(0);
  date.setUTCFullYear(high * 256 + low, (month & 0x7f) - 1, day);
  date.setUTCHours(hour, minute, second, Math.floor(micros / 1000));
  const offsetMs = (numberOrNull(zone) ?? 0) * 1000;
  return new Date(date.getTime() - Math.round(offsetMs / MINUTE_MS) * MINUTE_MS);
}

function readDate(packed: unknown): Date | null {
  const bytes = packedBytes(packed, 4);
  if (!bytes) return null;
  const [high = 0, low = 0, month = 0, day = 0] = bytes;
  const date = new Date(0);
  date.setUTCFullYear(high * 256 + low, month - 1, day);
  return date;
}

function readTime(packed: unknown): string | null {
  const bytes = packedBytes(packed, 6);
  if (!bytes) return null;
  const [hour = 0, minute = 0, second = 0, ...rest] = bytes;
  const micros = rest.reduce((sum, byte) => sum * 256 + byte, 0);
  const clock = [hour & 0x7f, minute, second].map((part) => String(part).padStart(2, '0')).join(':');
  return micros === 0 ? clock : `${clock}.${String(micros).padStart(6, '0')}`;
}

function packedBytes(packed: unknown, length: number): Uint8Array | null {
  const bytes = typeof packed === 'string' ? latin1(packed) : packed;
  return bytes instanceof Uint8Array && bytes.length === length ? bytes : null;
}

function readUuid(state: unknown): string | null {
  const value = isRecord(state) ? state['int'] : null;
  if (typeof value !== 'bigint' && typeof value !== 'number') return null;
  const hex = BigInt.asUintN(128, BigInt(value)).toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function latin1(text: unknown): Uint8Array | null {
  return typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'latin1')) : null;
}
