import type { Args } from './args.ts';
import { splitInline } from './inline.ts';

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
const ZERO = 48;
const INLINE_MAX = 64 * 1024;
const MAX_ARGS = 1024 * 1024;
const MAX_BULK = 512 * 1024 * 1024;
const EMPTY = Buffer.alloc(0);

/** The bytes received are no command; the text goes to the client before its connection is closed. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(`Protocol error: ${message}`);
    this.name = 'ProtocolError';
  }
}

/**
 * Cuts a byte stream into commands (networking.c, processMultibulkBuffer and processInlineBuffer). Commands are read
 * where they lie; only an incomplete one is copied, into a buffer that doubles, so that a large value is not copied
 * once per packet. Where parsing stopped is remembered: no byte is looked at twice.
 */
export class RequestParser {
  /** Until the client has logged in, nobody may make us hold much. */
  restricted = false;
  #buffer: Buffer = EMPTY;
  /** Whether the buffer is ours to write into. */
  #owned = false;
  /** Where the current command begins, how far it is parsed, and the end of what was received. */
  #start = 0;
  #position = 0;
  #end = 0;
  /** Arguments of the current command still to come; -1 between commands. */
  #missing = -1;
  /** Length of the argument being received; -1 when its header is still to come. */
  #bulk = -1;
  #bounds: number[] = [];

  /** Bytes received and not yet handed out. */
  get pending(): number {
    return this.#end - this.#start;
  }

  feed(chunk: Buffer): void {
    const rest = this.pending;
    if (rest === 0) {
      this.#buffer = chunk;
      this.#owned = false;
      this.#start = 0;
      this.#position = 0;
      this.#end = chunk.length;
      return;
    }
    if (!this.#owned || this.#end + chunk.length > this.#buffer.length) this.#grow(rest, chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** Reads the next complete command into `args`; false when more bytes are needed. */
  next(args: Args): boolean {
    while (this.#missing < 0) {
      if (this.#position >= this.#end) return false;
      if (this.#buffer[this.#position] === STAR) {
        if (!this.#beginCommand()) return false;
      } else {
        const inline = this.#inline(args);
        if (inline !== undefined) return inline;
      }
    }
    return this.#arguments(args);
  }

  /** Reads how many arguments come; false when more bytes are needed. An empty command is skipped. */
  #beginCommand(): boolean {
    const count = this.#header('too big mbulk count string');
    if (count === undefined) return false;
    if (!(count <= MAX_ARGS)) throw new ProtocolError('invalid multibulk length');
    if (this.restricted && count > 10) throw new ProtocolError('unauthenticated multibulk length');
    this.#bounds.length = 0;
    if (count > 0) this.#missing = count;
    else this.#start = this.#position;
    return true;
  }

  #arguments(args: Args): boolean {
    while (this.#missing > 0) {
      if (this.#bulk < 0 && !this.#bulkHeader()) return false;
      if (this.#end - this.#position < this.#bulk + 2) return false;
      this.#bounds.push(this.#position - this.#start, this.#position + this.#bulk - this.#start);
      this.#position += this.#bulk + 2;
      this.#bulk = -1;
      this.#missing -= 1;
    }
    this.#missing = -1;
    args.data = this.#buffer;
    args.length = this.#bounds.length / 2;
    for (let i = 0; i < this.#bounds.length; i += 1) args.bounds[i] = (this.#bounds[i] ?? 0) + this.#start;
    this.#start = this.#position;
    return true;
  }

  #bulkHeader(): boolean {
    if (this.#position >= this.#end) return false;
    const first = this.#buffer[this.#position] ?? 0;
    if (first !== DOLLAR) throw new ProtocolError(`expected '$', got '${String.fromCharCode(first)}'`);
    const length = this.#header('too big bulk count string');
    if (length === undefined) return false;
    if (!(length >= 0 && length <= MAX_BULK)) throw new ProtocolError('invalid bulk length');
    if (this.restricted && length > 16_384) throw new ProtocolError('unauthenticated bulk length');
    this.#bulk = length;
    return true;
  }

  /** The number in a line such as `*3` or `$12`; NaN when it is none; undefined when the line is incomplete. */
  #header(tooLong: string): number | undefined {
    const buffer = this.#buffer;
    let value = 0;
    let at = this.#position + 1;
    for (; at < this.#end; at += 1) {
      const byte = buffer[at] ?? 0;
      if (byte === CR) break;
      value = value * 10 + (byte - ZERO);
      if (byte < ZERO || byte > ZERO + 9) return this.#oddHeader(tooLong);
    }
    if (at + 1 >= this.#end) {
      if (this.#end - this.#position > INLINE_MAX) throw new ProtocolError(tooLong);
      return undefined;
    }
    if (at === this.#position + 1 || at - this.#position > 16) return this.#oddHeader(tooLong);
    this.#position = at + 2;
    return value;
  }

  /** A header that is no plain number: negative, or nonsense. */
  #oddHeader(tooLong: string): number | undefined {
    const cr = this.#buffer.indexOf(CR, this.#position);
    if (cr < 0 || cr + 1 >= this.#end) {
      if (this.#end - this.#position > INLINE_MAX) throw new ProtocolError(tooLong);
      return undefined;
    }
    const text = this.#buffer.toString('latin1', this.#position + 1, cr);
    this.#position = cr + 2;
    return /^-[1-9][0-9]{0,17}$/.test(text) ? Number(text) : Number.NaN;
  }

  /** True: a command; false: more bytes needed; undefined: an empty line was skipped. */
  #inline(args: Args): boolean | undefined {
    const lineEnd = this.#buffer.subarray(0, this.#end).indexOf(LF, this.#position);
    if (lineEnd < 0) {
      if (this.pending > INLINE_MAX) throw new ProtocolError('too big inline request');
      return false;
    }
    const text = this.#buffer.toString('latin1', this.#position, lineEnd).replace(/\r$/, '');
    this.#position = lineEnd + 1;
    this.#start = this.#position;
    const words = splitInline(text);
    if (words === undefined) throw new ProtocolError('unbalanced quotes in request');
    if (words.length === 0) return undefined;
    args.data = Buffer.from(words.join(''), 'latin1');
    args.length = words.length;
    let at = 0;
    for (const [i, word] of words.entries()) {
      args.bounds[i * 2] = at;
      at += word.length;
      args.bounds[i * 2 + 1] = at;
    }
    return true;
  }

  #grow(rest: number, more: number): void {
    const wanted = Math.max(rest + more, Math.min(rest * 2, MAX_BULK));
    const grown = Buffer.allocUnsafeSlow(wanted);
    this.#buffer.copy(grown, 0, this.#start, this.#end);
    this.#buffer = grown;
    this.#owned = true;
    this.#position -= this.#start;
    this.#start = 0;
    this.#end = rest;
  }
}
