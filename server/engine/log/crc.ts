import * as zlib from 'node:zlib';

const TABLE = new Int32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32ByTable(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

/** Node has a native one from 20.15 on. */
const native: unknown = Reflect.get(zlib, 'crc32');

/** CRC-32 as zlib computes it. */
export const crc32: (bytes: Uint8Array) => number =
  typeof native === 'function' ? (bytes) => Number(Reflect.apply(native, undefined, [bytes])) : crc32ByTable;
