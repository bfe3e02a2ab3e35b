import { MAX_DEPTH, unusable } from './plain.ts';

/** Extension type of the standard's timestamp; no other is read. */
const TIMESTAMP = -1;

type Kind = 'fixed' | 'bytes' | 'extension' | 'fixed-extension' | 'array' | 'map';

/** What follows the type bytes 0xc0 to 0xdf: so many bytes, or a length of so many bytes. 0xc1 is never used. */
const LAYOUTS: readonly (readonly [Kind, number] | null)[] = [
  ['fixed', 0],
  null,
  ['fixed', 0],
  ['fixed', 0],
  ['bytes', 1],
  ['bytes', 2],
  ['bytes', 4],
  ['extension', 1],
  ['extension', 2],
  ['extension', 4],
  ['fixed', 4],
  ['fixed', 8],
  ['fixed', 1],
  ['fixed', 2],
  ['fixed', 4],
  ['fixed', 8],
  ['fixed', 1],
  ['fixed', 2],
  ['fixed', 4],
  ['fixed', 8],
  ['fixed-extension', 1],
  ['fixed-extension', 2],
  ['fixed-extension', 4],
  ['fixed-extension', 8],
  ['fixed-extension', 16],
  ['bytes', 1],
  ['bytes', 2],
  ['bytes', 4],
  ['array', 2],
  ['array', 4],
  ['map', 2],
  ['map', 4],
];

/**
 * Walks a MessagePack document without building anything: every length lies within the bytes, nothing is nested deeper
 * than 1000, nothing follows, and no extension but timestamps occurs. Throws `UmbelError('bad_message')`.
 */
export function scanMsgpack(bytes: Uint8Array): void {
  const scan = new Scan(bytes);
  /** Values that are still to come, for each open array or map. */
  const open: number[] = [1];
  while (open.length > 0) {
    const left = open.pop() ?? 0;
    if (left === 0) continue;
    open.push(left - 1);
    const children = scan.value();
    if (children === 0) continue;
    if (open.length > MAX_DEPTH) throw unusable('MessagePack', `it is nested deeper than ${MAX_DEPTH}`);
    open.push(children);
  }
  if (scan.at !== bytes.length) throw unusable('MessagePack', 'something follows its end');
}

class Scan {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Passes over one value; answers with how many values it contains. */
  value(): number {
    const type = this.#uint(1);
    if (type <= 0x7f || type >= 0xe0) return 0;
    if (type <= 0x8f) return this.#contains((type & 0x0f) * 2);
    if (type <= 0x9f) return this.#contains(type & 0x0f);
    if (type <= 0xbf) return this.#skip(type & 0x1f);
    return this.#marked(type);
  }

  #marked(type: number): number {
    const layout = LAYOUTS[type - 0xc0];
    if (!layout) throw unusable('MessagePack', `the byte ${type} starts no value`);
    const [kind, size] = layout;
    switch (kind) {
      case 'fixed':
        return this.#skip(size);
      case 'bytes':
        return this.#skip(this.#uint(size));
      case 'fixed-extension':
        return this.#extension(size);
      case 'extension':
        return this.#extension(this.#uint(size));
      case 'array':
        return this.#contains(this.#uint(size));
      case 'map':
        return this.#contains(this.#uint(size) * 2);
    }
  }

  #extension(length: number): number {
    const type = (this.#uint(1) << 24) >> 24;
    if (type !== TIMESTAMP || (length !== 4 && length !== 8 && length !== 12)) {
      throw unusable('MessagePack', `it has an extension of type ${type}`);
    }
    return this.#skip(length);
  }

  /** Each value takes a byte at least: a larger count is a lie. */
  #contains(count: number): number {
    if (count > this.#bytes.length - this.at) throw truncated();
    return count;
  }

  #skip(length: number): number {
    if (length > this.#bytes.length - this.at) throw truncated();
    this.at += length;
    return 0;
  }

  #uint(size: number): number {
    const { at } = this;
    this.#skip(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }
}

function truncated(): Error {
  return unusable('MessagePack', 'it ends too early');
}
