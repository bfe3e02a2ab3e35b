import { ProtocolError, ReplyError } from './failures.ts';

/*
 * Replies of RESP2 (redis.io, "Redis serialization protocol"): simple strings, errors, integers, bulk strings, arrays.
 */

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
  readonly #wantsBytes: () => boolean;
  readonly #frames: Frame[] = [];
  /** What came and is not read yet. */
  #chunks: Buffer[] = [];
  #size = 0;
  /** With fewer bytes than this there is nothing more to read. */
  #needed = 1;
  #buffer: Buffer = NOTHING;
  #at = 0;
  #isBytes = false;

  /** `wantsBytes` is asked at the beginning of each reply: whether its bulk strings stay bytes, else they are UTF-8. */
  constructor(onReply: (reply: unknown) => void, wantsBytes: () => boolean) {
    this.#onReply = onReply;
    this.#wantsBytes = wantsBytes;
  }

  /** `chunk` is the caller's again when this returns. */
  read(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size < this.#needed) {
      this.#chunks.push(Buffer.from(chunk));
      return;
    }
    this.#buffer = this.#chunks.length === 0 ? chunk : Buffer.concat([...this.#chunks, chunk], this.#size);
    this.#chunks = [];
    this.#at = 0;
    this.#needed = 1;
    while (this.#at < this.#buffer.length && this.#readOne()) {
      // One element after the other.
    }
    this.#size = this.#buffer.length - this.#at;
    if (this.#size > 0) this.#chunks.push(Buffer.from(this.#buffer.subarray(this.#at)));
    this.#buffer = NOTHING;
  }

  /** Reads one element; false when it has not come as a whole. */
  #readOne(): boolean {
    if (this.#frames.length === 0) this.#isBytes = this.#wantsBytes();
    const start = this.#at;
    const end = this.#buffer.indexOf('\r\n', start, 'latin1');
    if (end < 0) return this.#waitForLine(start);
    switch (this.#buffer[start]) {
      case BULK:
        return this.#readBulk(start, end);
      case INTEGER:
        this.#at = end + 2;
        this.#add(this.#number(start + 1));
        return true;
      case ARRAY:
        this.#at = end + 2;
        this.#open(this.#number(start + 1));
        return true;
      case STRING:
        this.#at = end + 2;
        this.#add(this.#buffer.toString(undefined, start + 1, end));
        return true;
      case ERROR:
        this.#at = end + 2;
        this.#add(new ReplyError(this.#buffer.toString(undefined, start + 1, end)));
        return true;
      default:
        throw this.#unknown();
    }
  }

  #readBulk(start: number, end: number): boolean {
    const length = this.#number(start + 1);
    const from = end + 2;
    if (length < 0) {
      this.#at = from;
      this.#add(null);
      return true;
    }
    const to = from + length;
    if (to + 2 > this.#buffer.length) {
      this.#needed = to + 2 - start;
      return false;
    }
    this.#at = to + 2;
    // A copy: what the reader was given may be large, and would live as long as this part of it.
    this.#add(
      this.#isBytes
        ? Buffer.from(this.#buffer.subarray(from, to))
        : this.#buffer.toString(undefined, from, to),
    );
    return true;
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

  #waitForLine(start: number): boolean {
    const length = this.#buffer.length - start;
    if (length > MAX_LINE || !isType(this.#buffer[start])) throw this.#unknown();
    this.#needed = length + 1;
    return false;
  }

  /** The digits at `from`; the line is whole. */
  #number(from: number): number {
    const buffer = this.#buffer;
    const isNegative = buffer[from] === MINUS;
    let number = 0;
    for (let at = isNegative ? from + 1 : from; buffer[at] !== CR; at += 1) {
      const digit = (buffer[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) throw this.#unknown();
      number = number * 10 + digit;
    }
    return isNegative ? -number : number;
  }

  #unknown(): ProtocolError {
    const start = this.#buffer.toString('latin1', this.#at, this.#at + 30);
    return new ProtocolError(`it does not speak the Redis protocol, but says ${JSON.stringify(start)}`);
  }
}

function isType(byte: number | undefined): boolean {
  return byte === BULK || byte === INTEGER || byte === ARRAY || byte === STRING || byte === ERROR;
}
