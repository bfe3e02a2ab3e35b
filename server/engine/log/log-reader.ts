import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from './crc.ts';
import { FILE_HEADER, FRAME_HEADER, FRAME_MAGIC, readFrameHeader } from './frame.ts';

const BLOCK = 4 * 1024 * 1024;

/** How reading ended. */
export interface ReadResult {
  /** Everything before this offset is whole. */
  end: number;
  size: number;
  /**
   * `unfinished`: the last frame was not written to its end, as after a crash; nobody was told that it was kept.
   * `damaged`: bytes have changed since they were written. `foreign`: this is no log of ours.
   */
  state: 'whole' | 'unfinished' | 'damaged' | 'foreign';
}

/**
 * Reads a log frame by frame, synchronously: nothing else may happen meanwhile. `onFrame` gets each whole frame in
 * order; the payload is only valid during the call.
 */
export function readLog(path: string, onFrame: (payload: Buffer) => void): ReadResult {
  const fd = openSync(path, 'r');
  try {
    return new LogScan(fd).run(onFrame);
  } finally {
    closeSync(fd);
  }
}

class LogScan {
  readonly #fd: number;
  readonly #size: number;
  /** A window of the file: `#window` holds the bytes from `#from` on. */
  #window: Buffer = Buffer.alloc(0);
  #from = 0;

  constructor(fd: number) {
    this.#fd = fd;
    this.#size = fstatSync(fd).size;
  }

  run(onFrame: (payload: Buffer) => void): ReadResult {
    const size = this.#size;
    const header = this.#bytes(0, Math.min(size, FILE_HEADER.length));
    if (!FILE_HEADER.subarray(0, header.length).equals(header)) return { end: 0, size, state: 'foreign' };
    if (size < FILE_HEADER.length) return { end: 0, size, state: size === 0 ? 'whole' : 'unfinished' };
    let end = FILE_HEADER.length;
    while (end < size) {
      const payload = this.#frame(end);
      if (payload === undefined) return { end, size, state: this.#judge(end) };
      onFrame(payload);
      end += FRAME_HEADER + payload.length;
    }
    return { end, size, state: 'whole' };
  }

  /** The payload of the frame at `at`; undefined when it is not whole. */
  #frame(at: number): Buffer | undefined {
    if (at + FRAME_HEADER > this.#size) return undefined;
    const header = readFrameHeader(this.#bytes(at, FRAME_HEADER), 0);
    if (header === undefined || at + FRAME_HEADER + header.length > this.#size) return undefined;
    const payload = this.#bytes(at + FRAME_HEADER, header.length);
    return crc32(payload) === header.crc ? payload : undefined;
  }

  /** Whether what begins at `at` was never finished, or was whole once. */
  #judge(at: number): 'unfinished' | 'damaged' {
    if (this.#isZero(at)) return 'unfinished';
    const left = this.#size - at;
    if (left < FRAME_HEADER)
      return this.#bytes(at, Math.min(4, left))[0] === (FRAME_MAGIC & 0xff) ? 'unfinished' : 'damaged';
    const header = readFrameHeader(this.#bytes(at, FRAME_HEADER), 0);
    return header !== undefined && header.length > left - FRAME_HEADER ? 'unfinished' : 'damaged';
  }

  /** Some file systems extend a file before they write to it. */
  #isZero(at: number): boolean {
    for (let from = at; from < this.#size; from += BLOCK) {
      const block = this.#bytes(from, Math.min(BLOCK, this.#size - from));
      if (block.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  #bytes(at: number, length: number): Buffer {
    if (at < this.#from || at + length > this.#from + this.#window.length) this.#load(at, length);
    return this.#window.subarray(at - this.#from, at - this.#from + length);
  }

  #load(at: number, length: number): void {
    const wanted = Math.min(Math.max(length, BLOCK), this.#size - at);
    this.#window = Buffer.allocUnsafeSlow(wanted);
    this.#from = at;
    let read = 0;
    while (read < wanted) {
      const count = readSync(this.#fd, this.#window, read, wanted - read, at + read);
      if (count === 0) throw new RangeError('the log became shorter while it was read');
      read += count;
    }
  }
}
