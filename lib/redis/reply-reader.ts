import { ProtocolError, ReplyError } from './failures.ts';

/*
 * Replies of RESP2 (redis.io, "Redis serialization protocol"): simple strings, errors, integers, bulk strings, arrays.
 */

/** What bulk strings are read as: UTF-8, bytes, or not at all. */
export type ReplyForm = 'text' | 'bytes' | 'nothing';

/** An array whose items are still coming. */
interface Frame {
  readonly items: unknown[];
  filled: number;
}

const [CR, MINUS, ZERO] = [13, 45, 48];
const [STRING, ERROR, INTEGER, BULK, ARRAY] = [43, 45, 58, 36, 42];
const NOTHING: Buffer = Buffer.alloc(0);
/** More than a line of a server has; who sends more speaks something else. */
const MAX_LINE = 64 * 1024;

/**
 * Reads replies as they come off a connection, in whatever pieces. Work is linear in what came: a large text is put
 * together once. Errors are `ReplyError`, inside of arrays too. `read` throws `ProtocolError` for what is no reply.
 */
export class ReplyReader {
  readonly #onReply: (reply: unknown) => void;
  readonly #wanted: () => ReplyForm;
  readonly #frames: Frame[] = [];
  /** What came and is not read yet. */
  #chunks: Buffer[] = [];
  #size = 0;
  /** With fewer bytes than this there is nothing more to read. */
  #needed = 1;
  #buffer: Buffer = NOTHING;
  #at = 0;
  /** Where what came ends in `#buffer`. */
  #end = 0;
  /** `#buffer` was put together here. */
  #isOurs = false;
  #form: ReplyForm = 'text';

  /** `wanted` is asked at the beginning of each reply. */
  constructor(onReply: (reply: unknown) => void, wanted: () => ReplyForm) {
    this.#onReply = onReply;
    this.#wanted = wanted;
  }

  /** Reads the first `length` bytes of `chunk`, which is the caller's again when this returns. */
  read(chunk: Buffer, length = chunk.length): void {
    if (this.#chunks.length > 0 || length < this.#needed) {
      this.#chunks.push(Buffer.from(chunk.subarray(0, length)));
      this.#size += length;
      if (this.#size < this.#needed) return;
      this.#buffer = Buffer.concat(this.#chunks, this.#size);
      this.#end = this.#size;
      this.#isOurs = true;
    } else {
      this.#buffer = chunk;
      this.#end = length;
      this.#isOurs = false;
    }
    this.#chunks = [];
    this.#at = 0;
    this.#needed = 1;
    while (this.#at < this.#end && this.#readOne()) {
      // One element after the other.
    }
    this.#size = this.#end - this.#at;
    if (this.#size > 0) this.#chunks.push(this.#part(this.#at, this.#end));
    this.#buffer = NOTHING;
  }

  /** Reads one element; false when it has not come as a whole. */
  #readOne(): boolean {
    if (this.#frames.length === 0) this.#form = this.#wanted();
    const type = this.#buffer[this.#at];
    if (type === STRING || type === ERROR) return this.#readLine(type);
    if (type !== BULK && type !== INTEGER && type !== ARRAY) throw this.#unknown();
    const digits = this.#at + 1;
    const end = this.#endOfNumber(digits);
    if (end + 2 > this.#end) return this.#waitForLine();
    const number = this.#number(digits, end);
    if (type === BULK) return this.#readBulk(number, end + 2);
    this.#at = end + 2;
    if (type === ARRAY) this.#open(number);
    else this.#add(number);
    return true;
  }

  #readLine(type: number): boolean {
    const end = this.#buffer.indexOf('\r\n', this.#at, 'latin1');
    if (end < 0 || end + 2 > this.#end) return this.#waitForLine();
    const text = this.#buffer.toString(undefined, this.#at + 1, end);
    this.#at = end + 2;
    this.#add(type === ERROR ? new ReplyError(text) : text);
    return true;
  }

  #readBulk(length: number, from: number): boolean {
    if (length < 0) {
      this.#at = from;
      this.#add(null);
      return true;
    }
    const to = from + length;
    if (to + 2 > this.#end) {
      this.#needed = to + 2 - this.#at;
      return false;
    }
    this.#at = to + 2;
    this.#add(this.#bulk(from, to));
    return true;
  }

  #bulk(from: number, to: number): string | Buffer | null {
    if (this.#form === 'nothing') return null;
    if (this.#form === 'text') return this.#buffer.toString(undefined, from, to);
    return this.#part(from, to);
  }

  /** To be kept: what came in one piece is the caller's, and is copied. */
  #part(from: number, to: number): Buffer {
    const part = this.#buffer.subarray(from, to);
    return this.#isOurs ? part : Buffer.from(part);
  }

  #open(length: number): void {
    if (length > 0) this.#frames.push({ items: new Array<unknown>(length), filled: 0 });
    else this.#add(length < 0 ? null : []);
  }

  /** Puts an element into its array; what that completes goes on to its own, and at last to the caller. */
  #add(element: unknown): void {
    let value = element;
    for (let frame = this.#frames.at(-1); frame; frame = this.#frames.at(-1)) {
      frame.items[frame.filled] = value;
      frame.filled += 1;
      if (frame.filled < frame.items.length) return;
      this.#frames.pop();
      value = frame.items;
    }
    this.#onReply(value);
  }

  #waitForLine(): boolean {
    const length = this.#end - this.#at;
    if (length > MAX_LINE) throw this.#unknown();
    this.#needed = length + 1;
    return false;
  }

  /** Where the line of a number ends, or what has come of it. By hand: a search would cost more than these few bytes. */
  #endOfNumber(from: number): number {
    let at = from;
    while (at < this.#end && this.#buffer[at] !== CR) at += 1;
    return at;
  }

  #number(from: number, end: number): number {
    const isNegative = this.#buffer[from] === MINUS;
    let number = 0;
    for (let at = isNegative ? from + 1 : from; at < end; at += 1) {
      const digit = (this.#buffer[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) throw this.#unknown();
      number = number * 10 + digit;
    }
    return isNegative ? -number : number;
  }

  #unknown(): ProtocolError {
    const start = this.#buffer.toString('latin1', this.#at, Math.min(this.#at + 30, this.#end));
    return new ProtocolError(`it does not speak the Redis protocol, but says ${JSON.stringify(start)}`);
  }
}
