import { formatDouble } from './numbers.ts';

export type Protocol = 2 | 3;
/** What goes to a socket: text is latin1. */
export type Chunk = string | Buffer;

/** Values up to this size are joined with their neighbours; larger ones are sent from where they are. */
const JOINED_MAX = 4096;
/** A string is closed at this size: V8 has a longest string, and a reply may be larger. */
const TEXT_MAX = 1024 * 1024;

/**
 * Collects the replies of one data event. Small ones become one string, because joining strings is the cheapest thing
 * that V8 can do. Every constant that differs between RESP2 and RESP3 is decided here.
 */
export class Reply {
  protocol: Protocol = 2;
  /** Replies and messages since the last {@link take}; arrays count once. */
  count = 0;
  #text = '';
  #chunks: Chunk[] = [];
  #chunkBytes = 0;

  /** Bytes waiting to be taken. */
  get size(): number {
    return this.#chunkBytes + this.#text.length;
  }

  raw(text: string): void {
    this.#text += text;
  }

  /** Bytes that are encoded already. */
  append(chunk: Chunk): void {
    if (typeof chunk === 'string') {
      this.#text += chunk;
      return;
    }
    this.#cut('');
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
  }

  ok(): void {
    this.#text += '+OK\r\n';
  }

  status(text: string): void {
    this.#text += `+${text}\r\n`;
  }

  error(message: string): void {
    this.#text += `-${message.replace(/[\r\n]/g, ' ')}\r\n`;
  }

  integer(value: number | bigint): void {
    this.#text += `:${value}\r\n`;
  }

  bulk(value: Buffer): void {
    if (value.length <= JOINED_MAX) {
      this.text(value.toString('latin1'));
      return;
    }
    this.#cut(`$${value.length}\r\n`);
    this.#chunks.push(value);
    this.#chunkBytes += value.length;
    this.#text = '\r\n';
  }

  bulkOrNull(value: Buffer | undefined): void {
    if (value === undefined) this.nil();
    else this.bulk(value);
  }

  /** A bulk string of latin1 text. */
  text(value: string): void {
    this.#text += `$${value.length}\r\n${value}\r\n`;
    if (this.#text.length > TEXT_MAX) this.#cut('');
  }

  /** A bulk string of any text, as UTF-8. */
  verbatim(value: string): void {
    const bytes = Buffer.from(value, 'utf8').toString('latin1');
    if (this.protocol === 3) this.#text += `=${bytes.length + 4}\r\ntxt:${bytes}\r\n`;
    else this.text(bytes);
  }

  nil(): void {
    this.#text += this.protocol === 3 ? '_\r\n' : '$-1\r\n';
  }

  nilArray(): void {
    this.#text += this.protocol === 3 ? '_\r\n' : '*-1\r\n';
  }

  double(value: number): void {
    const text = formatDouble(value);
    if (this.protocol === 3) this.#text += `,${text}\r\n`;
    else this.text(text);
  }

  /** A score as text in both protocols; whole numbers never with an exponent (t_zset.c, zzlInsertAt). */
  number(value: number): void {
    const isWhole = Number.isInteger(value) && Math.abs(value) < 2 ** 62;
    this.text(isWhole ? String(BigInt(value)) : formatDouble(value));
  }

  array(length: number): void {
    this.#text += `*${length}\r\n`;
  }

  /** A map of `pairs` pairs; RESP2 has only the flat array. */
  map(pairs: number): void {
    this.#text += this.protocol === 3 ? `%${pairs}\r\n` : `*${pairs * 2}\r\n`;
  }

  set(length: number): void {
    this.#text += this.protocol === 3 ? `~${length}\r\n` : `*${length}\r\n`;
  }

  push(length: number): void {
    this.#text += this.protocol === 3 ? `>${length}\r\n` : `*${length}\r\n`;
  }

  texts(values: readonly string[]): void {
    this.array(values.length);
    for (const value of values) this.text(value);
  }

  bulks(values: readonly Buffer[]): void {
    this.array(values.length);
    for (const value of values) this.bulk(value);
  }

  /** Everything collected, and a fresh start. */
  take(): Chunk[] {
    this.#cut('');
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#chunkBytes = 0;
    this.count = 0;
    return chunks;
  }

  #cut(more: string): void {
    const text = this.#text + more;
    this.#text = '';
    if (text === '') return;
    this.#chunks.push(text);
    this.#chunkBytes += text.length;
  }
}
