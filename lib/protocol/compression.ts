import { inflateSync } from 'node:zlib';
import { UmbelError } from '../contract/errors.ts';

/** Largest body that is unpacked, in bytes. */
const MAX_INFLATED_BYTES = 100 * 1024 * 1024;

const ZLIB_TYPES: ReadonlySet<string> = new Set(['application/x-gzip', 'gzip', 'zlib']);

/**
 * Unpacks a body by its `compression` header. kombu's "gzip" is a zlib stream (kombu/compression.py).
 * Throws `UmbelError`: `unsupported` for other methods, `too_large`, or `bad_message` for a broken stream.
 */
export function decompress(body: string | Uint8Array, method: string, maxBytes = MAX_INFLATED_BYTES): Buffer {
  if (!ZLIB_TYPES.has(method)) {
    throw new UmbelError('unsupported', `The body is compressed with ${method}; only gzip is understood.`);
  }
  try {
    return inflateSync(typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'latin1')) : body, {
      maxOutputLength: maxBytes,
    });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new UmbelError('too_large', `The body unpacks to more than ${maxBytes} bytes.`, { cause: error });
    }
    throw new UmbelError('bad_message', 'The compressed body is broken.', { cause: error });
  }
}
