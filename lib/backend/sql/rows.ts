import { decodePickle } from '../../protocol/pickle/read.ts';
import { encodePickle } from '../../protocol/pickle/write.ts';
import { isRecord, numberOrNull, textOrNull } from '../../protocol/record.ts';
import { decodeResult, type ResultMeta } from '../../protocol/result.ts';
import type { ResultRecord } from '../backend.ts';
import type { StoredCodec } from '../stored-codec.ts';
import type { Row, Value } from './database.ts';

export const COLUMNS = ['status', 'result', 'date_done', 'traceback'];
export const EXTENDED_COLUMNS = ['name', 'args', 'kwargs', 'worker', 'retries', 'queue'];

/** How a record is written. */
export interface RowFormat {
  readonly isExtended: boolean;
  readonly codec: StoredCodec;
  /** Texts in ASCII, and cut to what the columns hold: for a table that has refused them as they are. */
  readonly isPlain: boolean;
}

const NAME_LENGTH = 155;
/** MySQL's TEXT holds 65,535. */
const TRACEBACK_LENGTH = 65_000;

/** The values of a record in the order of the columns, the id of its task first. `result` is a pickle, as Python's. */
export function toValues(record: ResultRecord, { isExtended, codec, isPlain }: RowFormat): Value[] {
  const { status, result, dateDone, traceback, ...more } = decodeResult(record.text);
  const date = dateDone === null ? null : toSqlDate(dateDone);
  const column = (text: string | null | undefined, length = NAME_LENGTH): string | null => {
    // PostgreSQL has no texts with a NUL in them, and an error's message may.
    const clean = text?.replaceAll('\0', '\\x00') ?? null;
    return isPlain && clean !== null ? ascii(clean).slice(0, length) : clean;
  };
  const values: Value[] = [
    record.taskId,
    status,
    encodePickle(result),
    date,
    column(traceback, TRACEBACK_LENGTH),
  ];
  if (!isExtended) return values;
  const { name, args, kwargs, worker, retries, queue } = more;
  const packed = (value: unknown): Value => (value ? Buffer.from(codec.encodeValue(value)) : null);
  return [
    ...values,
    column(name),
    packed(args),
    packed(kwargs),
    column(worker),
    retries ?? null,
    column(queue),
  ];
}

function ascii(text: string): string {
  return text.replace(/[^\n\t\x20-\x7e]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Throws `UmbelError('bad_message')` when the pickle holds more than data. */
export function fromRow(row: Row, codec: StoredCodec): ResultMeta {
  const unpacked = (value: unknown): unknown =>
    value instanceof Uint8Array && value.length > 0 ? codec.decode(Buffer.from(value)) : null;
  const [args, kwargs] = [unpacked(row['args']), unpacked(row['kwargs'])];
  const { result } = row;
  return {
    taskId: String(row['task_id']),
    status: String(row['status']),
    result: result instanceof Uint8Array ? decodePickle(result) : null,
    traceback: textOrNull(row['traceback']),
    // The tables have no columns for children and group.
    children: null,
    dateDone: fromSqlDate(row['date_done']),
    ...('name' in row && {
      name: textOrNull(row['name']),
      args: Array.isArray(args) ? args : null,
      kwargs: isRecord(kwargs) ? kwargs : null,
      worker: textOrNull(row['worker']),
      retries: numberOrNull(row['retries']),
      queue: textOrNull(row['queue']),
    }),
  };
}

/** `2026-01-31 10:00:00.250000`, in UTC without saying so, as SQLAlchemy writes a naive datetime. */
export function toSqlDate(iso: string): string {
  return new Date(iso).toISOString().replace('T', ' ').replace('Z', '000');
}

function fromSqlDate(value: unknown): string | null {
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?/.exec(String(value ?? ''));
  if (!match) return null;
  const [, day, clock, fraction = ''] = match;
  return `${day}T${clock}.${fraction.padEnd(6, '0')}+00:00`;
}
