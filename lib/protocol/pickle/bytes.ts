import { refused } from './refused.ts';

/** Digits of a number written as text, or bytes of one written in binary: Python would take any amount. */
const MAX_DIGITS = 10_000;

/** Reads the arguments of pickle instructions. Every length is checked against what is there. */
export class PickleBytes {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A little-endian number of 1, 2 or 4 bytes. */
  uint(size: number): number {
    return this.#buffer.readUIntLE(this.#skip(size), size);
  }

  int32(): number {
    return this.#buffer.readInt32LE(this.#skip(4));
  }

  /** A length of 8 bytes. It is checked when it is used, so that one beyond 2^53 is too long in any case. */
  length64(): number {
    return Number(this.#buffer.readBigUInt64LE(this.#skip(8)));
  }

  double(): number {
    return this.#buffer.readDoubleBE(this.#skip(8));
  }

  take(length: number): Uint8Array {
    const from = this.#skip(length);
    return new Uint8Array(this.#buffer.subarray(from, from + length));
  }

  utf8(length: number): string {
    const from = this.#skip(length);
    return this.#buffer.toString('utf8', from, from + length);
  }

  /** A two's complement number of so many bytes, least first. */
  long(length: number): number | bigint {
    if (length > MAX_DIGITS) throw refused('a number is too long');
    const hex = Buffer.from(this.take(length)).reverse().toString('hex');
    return hex === '' ? 0 : narrow(BigInt.asIntN(length * 8, BigInt(`0x${hex}`)));
  }

  /** Up to the end of the line. */
  line(): string {
    const end = this.#buffer.indexOf(0x0a, this.#at);
    if (end < 0) throw refused('it ends too early');
    const text = this.#buffer.toString('latin1', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** A place in the memo. */
  index(): number {
    const text = this.line();
    if (!/^\d{1,10}$/.test(text)) throw refused('a place in its memo is no number');
    return Number(text);
  }

  /** `00` and `01` are how protocol 0 wrote false and true. */
  textInt(): number | bigint | boolean {
    const text = this.line();
    return text === '00' || text === '01' ? text === '01' : wholeNumber(text);
  }

  textLong(): number | bigint {
    return wholeNumber(this.line().replace(/L$/, ''));
  }

  textFloat(): number {
    const text = this.line();
    const special: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity };
    if (Object.hasOwn(special, text)) return special[text] ?? Number.NaN;
    if (!/^-?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text)) throw refused('a number cannot be read');
    return Number(text);
  }

  /** A Python 2 literal in quotes, with its escapes. */
  quoted(): string {
    const match = /^(['"])(.*)\1$/.exec(this.line());
    if (!match) throw refused('a text has no quotes');
    return (match[2] ?? '').replace(/\\(x[0-9a-f]{2}|.)/gi, (_, sequence: string) => unescaped(sequence));
  }

  /** UTF-16 units as `\uXXXX`, all else as in Latin-1 (`raw-unicode-escape`). */
  rawUnicode(): string {
    return this.line().replace(
      /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g,
      (whole, unit: string, point: string) => {
        const value = Number.parseInt(unit ?? point, 16);
        return value > 0x10ffff ? whole : String.fromCodePoint(value);
      },
    );
  }

  #skip(length: number): number {
    const from = this.#at;
    if (length > this.#buffer.length - from) throw refused('it ends too early');
    this.#at += length;
    return from;
  }
}

function wholeNumber(text: string): number | bigint {
  if (text.length > MAX_DIGITS || !/^-?\d+$/.test(text)) throw refused('a number cannot be read');
  return narrow(BigInt(text));
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0' };

function unescaped(sequence: string): string {
  if (sequence.length === 3) return String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
  return ESCAPES[sequence] ?? sequence;
}
