import { crc32 } from './crc.ts';

/*
 * The log: a header, then frames. A frame is what is either there as a whole or not at all: magic, payload length,
 * CRC of the payload, and the three combined, so that a damaged header is told from an unfinished frame; then the
 * payload, effects one after the other. Integers are little-endian.
 */
export const FILE_HEADER = Buffer.from('UMBELOG1', 'latin1');
export const FRAME_HEADER = 16;
export const FRAME_MAGIC = 0x314d4255;
/** Frames are closed at the next command boundary beyond this. */
export const FRAME_TARGET = 64 * 1024;

export interface FrameHeader {
  length: number;
  crc: number;
}

export function writeFrameHeader(target: Buffer, at: number, payload: Uint8Array): void {
  const crc = crc32(payload);
  target.writeUInt32LE(FRAME_MAGIC, at);
  target.writeUInt32LE(payload.length, at + 4);
  target.writeUInt32LE(crc, at + 8);
  target.writeUInt32LE(check(payload.length, crc), at + 12);
}

/** Undefined when the bytes at `at` are no frame header. */
export function readFrameHeader(source: Buffer, at: number): FrameHeader | undefined {
  const length = source.readUInt32LE(at + 4);
  const crc = source.readUInt32LE(at + 8);
  const isHeader =
    source.readUInt32LE(at) === FRAME_MAGIC && source.readUInt32LE(at + 12) === check(length, crc);
  return isHeader ? { length, crc } : undefined;
}

function check(length: number, crc: number): number {
  return (FRAME_MAGIC ^ length ^ crc) >>> 0;
}
