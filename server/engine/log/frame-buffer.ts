import type { EffectArg, OpCode } from '../keyspace/effect.ts';
import { FRAME_HEADER, FRAME_TARGET, writeFrameHeader } from './frame.ts';

const SMALLEST = 64 * 1024;
/** A buffer that has grown beyond this is not kept for the next batch. */
const KEPT_MAX = 4 * 1024 * 1024;

/** Effects on their way to the file, encoded as frames. */
export class FrameBuffer {
  #bytes = Buffer.allocUnsafeSlow(SMALLEST);
  #spare: Buffer | null = null;
  #length = 0;
  /** Where the open frame begins; -1 when none is open. */
  #frame = -1;

  get length(): number {
    return this.#length;
  }

  append(op: OpCode, database: number, key: string, args: readonly EffectArg[]): void {
    let size = 10 + key.length;
    for (const arg of args) size += 4 + arg.length;
    this.#reserve(size + FRAME_HEADER);
    if (this.#frame < 0) {
      this.#frame = this.#length;
      this.#length += FRAME_HEADER;
    }
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at] = op;
    bytes[at + 1] = database;
    at = bytes.writeUInt32LE(args.length, at + 2);
    at = bytes.writeUInt32LE(key.length, at);
    at += bytes.write(key, at, 'latin1');
    for (const arg of args) {
      at = bytes.writeUInt32LE(arg.length, at);
      at += typeof arg === 'string' ? bytes.write(arg, at, 'latin1') : arg.copy(bytes, at);
    }
    this.#length = at;
  }

  /** Closes the open frame if it has grown large. To be called where a command ends. */
  mark(): void {
    if (this.#frame >= 0 && this.#length - this.#frame > FRAME_TARGET) this.#close();
  }

  /** Everything so far, as whole frames. Give the buffer back with {@link recycle} when it is written. */
  take(): Buffer {
    this.#close();
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = this.#spare ?? Buffer.allocUnsafeSlow(SMALLEST);
    this.#spare = null;
    this.#length = 0;
    return taken;
  }

  recycle(taken: Buffer): void {
    if (taken.buffer.byteLength > KEPT_MAX || this.#spare !== null) return;
    this.#spare = Buffer.from(taken.buffer);
  }

  clear(): void {
    this.#length = 0;
    this.#frame = -1;
  }

  #close(): void {
    if (this.#frame < 0) return;
    writeFrameHeader(
      this.#bytes,
      this.#frame,
      this.#bytes.subarray(this.#frame + FRAME_HEADER, this.#length),
    );
    this.#frame = -1;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#length + more, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
