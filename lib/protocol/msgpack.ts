import { createRequire } from 'node:module';
import { toError, UmbelError } from '../contract/errors.ts';
import { scanMsgpack } from './msgpack-scan.ts';
import { fromForeign, toPlain, unusable } from './plain.ts';

/*
 * MessagePack as kombu writes it with `use_bin_type=True` (kombu/serialization.py): texts are str, bytes are bin. A `Date`
 * is the standard's timestamp, which Python's msgpack reads as `msgpack.Timestamp`.
 */

type Msgpackr = typeof import('msgpackr');
type Codec = InstanceType<Msgpackr['Packr']>;

let codec: Codec | null = null;

/** Throws `UmbelError('bad_request')` for what MessagePack does not hold, such as integers beyond 64 bits. */
export function encodeMsgpack(value: unknown): Uint8Array {
  const plain = widen(toPlain(value, 'MessagePack'));
  try {
    return theCodec().pack(plain);
  } catch (error) {
    throw new UmbelError('bad_request', `Cannot write the value as MessagePack: ${toError(error).message}.`, {
      cause: error,
    });
  }
}

/** Integers of 64 bits become `bigint` when a double cannot hold them. Throws `UmbelError('bad_message')`. */
export function decodeMsgpack(bytes: Uint8Array): unknown {
  // The library trusts lengths and recurses: a few bytes could ask it for gigabytes.
  scanMsgpack(bytes);
  let value: unknown;
  try {
    value = theCodec().unpack(bytes);
  } catch (error) {
    throw unusable('MessagePack', toError(error).message, error);
  }
  return fromForeign(value, 'MessagePack');
}

/** Loaded with the first message: most programs never send one. */
function theCodec(): Codec {
  if (codec === null) {
    const { Packr }: Msgpackr = createRequire(import.meta.url)('msgpackr');
    codec = new Packr({ useRecords: false, variableMapSize: true, mapsAsObjects: true });
  }
  return codec;
}

/** The library writes integers beyond 32 bits as doubles, and a Python task would get a float. */
function widen(value: unknown): unknown {
  if (typeof value === 'number') {
    const isWide = Number.isSafeInteger(value) && (value > 0xff_ff_ff_ff || value < -0x80_00_00_00);
    return isWide ? BigInt(value) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(widen);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, widen(item)]));
}
