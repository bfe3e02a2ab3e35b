import { toPlain } from '../plain.ts';
import { isRecord } from '../record.ts';

/*
 * Writes protocol 4 in its plainest form, without frames and memo: every Python since 3.4 reads it. Data only, but for two
 * things that Python itself writes as calls: a `datetime`, and Celery's results.
 */

/** Largest integer that the two-byte and four-byte instructions hold. */
const MAX_UINT8 = 0xff;
const MAX_UINT16 = 0xffff;
const MAX_INT32 = 0x7fffffff;
const MAX_UINT32 = 0xffffffff;

const END = Buffer.from('.');
const START = Buffer.from([0x80, 4]);

/**
 * The pickle of a value: null, booleans, numbers (whole ones as int), bigint, strings, `Date` (an aware datetime), bytes,
 * arrays (lists) and plain objects. Throws `UmbelError('bad_request')` for all else.
 */
export function encodePickle(value: unknown): Buffer {
  const parts: Buffer[] = [START];
  write(toPlain(value, 'pickle'), parts);
  parts.push(END);
  return Buffer.concat(parts);
}

/**
 * The pickle of a saved group, `[[id, parent], members]` as in `GroupResult.asTuple()`: the object of class
 * `celery.result.GroupResult` that Python's database backend stores and expects back. Python keeps no parent in it.
 */
export function encodeGroupPickle(tuple: unknown): Buffer {
  const parts: Buffer[] = [START];
  writeResult(tuple, parts);
  parts.push(END);
  return Buffer.concat(parts);
}

function write(value: unknown, parts: Buffer[]): void {
  switch (typeof value) {
    case 'string':
      parts.push(text(value));
      return;
    case 'number':
      parts.push(Number.isSafeInteger(value) && !Object.is(value, -0) ? int(value) : float(value));
      return;
    case 'bigint':
      parts.push(long(value));
      return;
    case 'boolean':
      parts.push(Buffer.from([value ? 0x88 : 0x89]));
      return;
    default:
      writeObject(value, parts);
  }
}

function writeObject(value: unknown, parts: Buffer[]): void {
  if (value instanceof Uint8Array) parts.push(bytes(value));
  else if (value instanceof Date) parts.push(dateTime(value));
  else if (Array.isArray(value)) writeList(value, parts, write);
  else if (isRecord(value)) writeDict(value, parts);
  else parts.push(Buffer.from('N'));
}

function writeList(items: readonly unknown[], parts: Buffer[], item: typeof write): void {
  parts.push(Buffer.from(']('));
  for (const each of items) item(each, parts);
  parts.push(Buffer.from('e'));
}

function writeDict(value: Readonly<Record<string, unknown>>, parts: Buffer[]): void {
  parts.push(Buffer.from('}('));
  for (const [key, item] of Object.entries(value)) {
    parts.push(text(key));
    write(item, parts);
  }
  parts.push(Buffer.from('u'));
}

/** `[[id, parent], null]` is a task, with a list of members in place of null it is a group. */
function writeResult(tuple: unknown, parts: Buffer[]): void {
  const [head, members]: unknown[] = Array.isArray(tuple) ? tuple : [];
  const [id]: unknown[] = Array.isArray(head) ? head : [];
  if (Array.isArray(members)) {
    parts.push(Buffer.from('ccelery.result\nGroupResult\n'), text(String(id)));
    writeList(members, parts, writeResult);
    parts.push(Buffer.from([0x86, code('R')]));
    return;
  }
  // The app of the reader makes it, so that nothing of ours has to be stored with it.
  parts.push(Buffer.from('ccelery.app.base\n_unpickle_appattr\n'), text('AsyncResult'), text(String(id)));
  parts.push(Buffer.from([0x85, 0x86, code('R')]));
}

function text(value: string): Buffer {
  // A lone surrogate is no UTF-8: it becomes the replacement character.
  return sized(Buffer.from(value, 'utf8'), 0x8c, code('X'), 0x8d);
}

function bytes(value: Uint8Array): Buffer {
  return sized(value, code('C'), code('B'), 0x8e);
}

/** An instruction for lengths of 1, of 4, and of 8 bytes. */
function sized(content: Uint8Array, short: number, normal: number, huge: number): Buffer {
  const { length } = content;
  const head = Buffer.alloc(length <= MAX_UINT8 ? 2 : length <= MAX_UINT32 ? 5 : 9);
  if (length <= MAX_UINT8) {
    head[0] = short;
    head.writeUInt8(length, 1);
  } else if (length <= MAX_UINT32) {
    head[0] = normal;
    head.writeUInt32LE(length, 1);
  } else {
    head[0] = huge;
    head.writeBigUInt64LE(BigInt(length), 1);
  }
  return Buffer.concat([head, content]);
}

function int(value: number): Buffer {
  if (value >= 0 && value <= MAX_UINT8) return Buffer.from([code('K'), value]);
  if (value >= 0 && value <= MAX_UINT16) return Buffer.from([code('M'), value & 0xff, value >> 8]);
  if (Math.abs(value) > MAX_INT32) return long(BigInt(value));
  const packed = Buffer.alloc(5);
  packed[0] = code('J');
  packed.writeInt32LE(value, 1);
  return packed;
}

/** Two's complement in as few bytes as hold it, least first. */
function long(value: bigint): Buffer {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length += 1;
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0');
  const digits = Buffer.from(hex, 'hex').reverse();
  if (length <= MAX_UINT8) return Buffer.concat([Buffer.from([0x8a, length]), digits]);
  const head = Buffer.alloc(5);
  head[0] = 0x8b;
  head.writeUInt32LE(length, 1);
  return Buffer.concat([head, digits]);
}

function float(value: number): Buffer {
  const packed = Buffer.alloc(9);
  packed[0] = code('G');
  packed.writeDoubleBE(value, 1);
  return packed;
}

const NO_OFFSET = 'cdatetime\ntimezone\ncdatetime\ntimedelta\nK\0K\0K\0\x87R\x85R';

function dateTime(date: Date): Buffer {
  const year = date.getUTCFullYear();
  const micros = date.getUTCMilliseconds() * 1000;
  const packed = [year >> 8, year & 0xff, date.getUTCMonth() + 1, date.getUTCDate()];
  packed.push(date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds());
  packed.push((micros >> 16) & 0xff, (micros >> 8) & 0xff, micros & 0xff);
  return Buffer.concat([
    Buffer.from('cdatetime\ndatetime\n'),
    bytes(Uint8Array.from(packed)),
    Buffer.from(`${NO_OFFSET}\x86R`, 'latin1'),
  ]);
}

function code(character: string): number {
  return character.charCodeAt(0);
}
