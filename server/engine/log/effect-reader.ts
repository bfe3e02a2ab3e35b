import { copyBytes } from '../resp/args.ts';

/** Reads the effects of one frame, one after the other. */
export class EffectReader {
  op = 0;
  database = 0;
  key = '';
  argCount = 0;
  readonly #bytes: Buffer;
  #at = 0;
  readonly #bounds: number[] = [];

  constructor(payload: Buffer) {
    this.#bytes = payload;
  }

  /** False at the end. Throws a RangeError when the effect does not end within the frame. */
  next(): boolean {
    const bytes = this.#bytes;
    if (this.#at >= bytes.length) return false;
    this.op = bytes.readUInt8(this.#at);
    this.database = bytes.readUInt8(this.#at + 1);
    this.argCount = bytes.readUInt32LE(this.#at + 2);
    const keyEnd = this.#at + 10 + bytes.readUInt32LE(this.#at + 6);
    this.key = bytes.toString('latin1', this.#at + 10, keyEnd);
    this.#at = keyEnd;
    this.#bounds.length = 0;
    for (let i = 0; i < this.argCount; i += 1) {
      const start = this.#at + 4;
      this.#at = start + bytes.readUInt32LE(this.#at);
      this.#bounds.push(start, this.#at);
    }
    if (this.#at > bytes.length) throw new RangeError('effect beyond the end of its frame');
    return true;
  }

  text(index: number): string {
    return this.#bytes.toString('latin1', this.#bounds[index * 2], this.#bounds[index * 2 + 1]);
  }

  number(index: number): number {
    return Number(this.text(index));
  }

  bytes(index: number): Buffer {
    return copyBytes(this.#bytes, this.#bounds[index * 2] ?? 0, this.#bounds[index * 2 + 1] ?? 0);
  }

  texts(): string[] {
    return Array.from({ length: this.argCount }, (_, index) => this.text(index));
  }

  buffers(): Buffer[] {
    return Array.from({ length: this.argCount }, (_, index) => this.bytes(index));
  }
}
