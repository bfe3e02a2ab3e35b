import { decodeUtf8, isoformat } from './json-types.ts';
import { isRecord } from './record.ts';

/*
 * Python's `repr` of values, shortened as Celery shortens it (celery/utils/saferepr.py): what events, logs and the
 * headers `argsrepr` and `kwargsrepr` show. Differs from Python only where a value does: JavaScript knows no 1.0.
 */

/** Celery's limit for argsrepr, kwargsrepr and results, in characters. */
const REPR_LENGTH = 1024;

const MAX_LEVELS = 3;

/** `{'a': [1, None]}`: three levels deep, strings and lists cut once about `maxLength` characters are written. */
export function pythonRepr(value: unknown, maxLength: number = REPR_LENGTH): string {
  const writer = new ReprWriter(maxLength);
  writer.value(value);
  return writer.text;
}

/** Positional arguments as a tuple: `(2, 3)`, `(2,)`, `()`. */
export function reprArgs(args: readonly unknown[]): string {
  const writer = new ReprWriter(REPR_LENGTH);
  writer.sequence('(', args.length === 1 ? ',)' : ')', args);
  return writer.text;
}

/** Keyword arguments as a dict: `{'y': 3}`. */
export function reprKwargs(kwargs: Readonly<Record<string, unknown>>): string {
  for (const _name in kwargs) return pythonRepr(kwargs);
  return '{}';
}

/**
 * A text as Python itself shows it, in errors for one: double quotes around single ones, escapes for what cannot be
 * printed. Cut after Celery's limit.
 */
export function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = truncate(text, REPR_LENGTH).replace(UNPRINTABLE, (char) =>
    char === quote || !`'"`.includes(char) ? escapeOf(char) : char,
  );
  return quote + escaped + quote;
}

/** Controls, formats, lone surrogates and every blank but the space; quotes and backslashes may need it too. */
const UNPRINTABLE = /['"\\]|(?! )[\p{C}\p{Z}]/gu;

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code > 0x20 && code < 0x7f) return `\\${char}`;
  const hex = code.toString(16);
  const wide = code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
  return ESCAPES[char] ?? (code > 0xff ? wide : `\\x${hex.padStart(2, '0')}`);
}

class ReprWriter {
  text = '';
  #left: number;
  #level = 0;
  /** The limit is reached: from here on only closing brackets are written. */
  #isFull = false;

  constructor(maxLength: number) {
    this.#left = maxLength;
  }

  value(value: unknown): void {
    if (typeof value === 'string') this.#emit(quoted(value, this.#left));
    else if (Array.isArray(value)) this.sequence('[', ']', value);
    else if (isRecord(value) && isDict(value)) this.#dict(value);
    else this.#emit(truncate(scalar(value), this.#left));
  }

  sequence(open: string, close: string, items: readonly unknown[]): void {
    if (!this.#open(open, close)) return;
    for (let index = 0; index < items.length && !this.#isFull; index += 1) {
      if (index > 0) this.#emit(', ');
      if (!this.#isFull) this.value(items[index]);
    }
    this.#close(close);
  }

  #dict(dict: Record<string, unknown>): void {
    if (!this.#open('{', '}')) return;
    let isFirst = true;
    for (const [key, item] of Object.entries(dict)) {
      if (item === undefined) continue;
      if (!isFirst) this.#emit(', ');
      isFirst = false;
      this.#member(key, item);
      if (this.#isFull) break;
    }
    this.#close('}');
  }

  #member(key: string, item: unknown): void {
    if (!this.#isFull) this.#emit(quoted(key, this.#left));
    if (!this.#isFull) this.#emit(': ');
    if (!this.#isFull) this.value(item);
  }

  #open(open: string, close: string): boolean {
    if (this.#level >= MAX_LEVELS) {
      this.#emit(`${open}...${close}`);
      return false;
    }
    this.#level += 1;
    this.#emit(open);
    return true;
  }

  #close(close: string): void {
    this.#level -= 1;
    if (this.#isFull) this.text += close;
    else this.#emit(close);
  }

  #emit(token: string): void {
    if (this.#left <= 0) {
      this.text += ', ...';
      this.#isFull = true;
      return;
    }
    this.text += token;
    this.#left -= token.length;
  }
}

/** Celery quotes with single quotes and escapes only these: newlines and backslashes stay as they are. */
function quoted(value: string, maxLength: number): string {
  const shown = truncate(value, maxLength);
  return shown.includes("'") ? `'${shown.replaceAll("'", "\\'")}'` : `'${shown}'`;
}

/** Cuts at the last blank before the limit (celery/utils/text.py `truncate`), never inside a surrogate pair. */
function truncate(value: string, maxLength: number): string {
  if (maxLength <= 0 || value.length < maxLength) return value;
  const last = value.charCodeAt(maxLength - 1);
  const head = value.slice(0, last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength);
  const blank = head.lastIndexOf(' ');
  return `${blank < 0 ? head : head.slice(0, blank)}...`;
}

function isDict(value: object): boolean {
  return !(value instanceof Date || value instanceof Uint8Array || value instanceof Error);
}

function scalar(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return reprNumber(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'object':
      return value === null ? 'None' : reprObject(value);
    case 'undefined':
      return 'None';
    default:
      return String(value);
  }
}

function reprNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return Object.is(value, -0) ? '-0.0' : String(value);
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e16) return String(value);
  // Python changes to exponents there and writes at least two digits of them.
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

function reprObject(value: object): string {
  if (value instanceof Date) return reprDate(value);
  if (value instanceof Uint8Array) return reprBytes(value);
  return `<${value.constructor.name}>`;
}

function reprDate(date: Date): string {
  if (Number.isNaN(date.getTime())) return '<Invalid Date>';
  const [year, month, day, hour, minute, second, micro] = isoformat(date).split(/\D/).map(Number);
  const tail = micro ? [second, micro] : second ? [second] : [];
  const parts = [year, month, day, hour, minute, ...tail].join(', ');
  return `datetime.datetime(${parts}, tzinfo=datetime.timezone.utc)`;
}

/** As saferepr writes bytes: the text when it is UTF-8, hexadecimal otherwise. */
function reprBytes(bytes: Uint8Array): string {
  const chunk = bytes.subarray(0, REPR_LENGTH);
  const shown = decodeUtf8(chunk) ?? Buffer.from(chunk).toString('hex');
  return `b'${shown}${bytes.length > REPR_LENGTH ? '...' : ''}'`;
}

export { parsePythonLiteral } from './python-literal.ts';
