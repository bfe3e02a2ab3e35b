import './node-buffer.ts';
import { parseFloatStrict, parseInteger } from './numbers.ts';
import { ReplyError } from './reply-error.ts';

const EMPTY = Buffer.alloc(0);

/**
 * One command as it lies in the receive buffer. Valid until the next one is read: strings and copies outlive it,
 * the view itself does not (see {@link Args.detach}).
 */
export class Args {
  /** How many arguments, the command's name included. */
  length = 0;
  /** Where the bytes are. */
  data: Buffer = EMPTY;
  /** Start and end of each argument in `data`. */
  readonly bounds: number[] = [];

  /** The argument as a latin1 string, one character for each byte. */
  str(index: number): string {
    const at = index * 2;
    return this.data.toString('latin1', this.bounds[at], this.bounds[at + 1]);
  }

  /** The argument in upper case, for option names. */
  word(index: number): string {
    return this.str(index).toUpperCase();
  }

  /** A copy that does not hold on to the receive buffer. */
  bytes(index: number): Buffer {
    const at = index * 2;
    return copyBytes(this.data, this.bounds[at] ?? 0, this.bounds[at + 1] ?? 0);
  }

  int(index: number): number {
    return parseInteger(this.str(index));
  }

  /** How many to take: not negative. */
  count(index: number): number {
    const text = this.str(index);
    if (/^-?[0-9]+$/.test(text) && Number(text) >= 0) return Number(text);
    throw new ReplyError('ERR value is out of range, must be positive');
  }

  float(index: number, error?: () => Error): number {
    return parseFloatStrict(this.str(index), error);
  }

  /** Strings from `first` to before `end`, each `step`-th. */
  strings(first: number, end: number = this.length, step = 1): string[] {
    const found: string[] = [];
    for (let i = first; i < end; i += step) found.push(this.str(i));
    return found;
  }

  /** Copies from `first` to before `end`. */
  buffers(first: number, end: number = this.length): Buffer[] {
    const found: Buffer[] = [];
    for (let i = first; i < end; i += 1) found.push(this.bytes(i));
    return found;
  }

  /** An independent copy, for queueing. */
  detach(): Args {
    const copy = new Args();
    copy.length = this.length;
    const start = this.bounds[0] ?? 0;
    copy.data = copyBytes(this.data, start, this.bounds[this.length * 2 - 1] ?? 0);
    for (let i = 0; i < this.length * 2; i += 1) copy.bounds.push((this.bounds[i] ?? 0) - start);
    return copy;
  }
}

/** Buffers from the shared pool pin 8 KB each at worst; larger ones get memory of their own outside the heap. */
export function copyBytes(source: Buffer, start: number, end: number): Buffer {
  const size = end - start;
  const copy = size > 2048 ? Buffer.allocUnsafeSlow(size) : Buffer.allocUnsafe(size);
  source.copy(copy, 0, start, end);
  return copy;
}
