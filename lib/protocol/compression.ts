import zlib, { brotliCompressSync, brotliDecompressSync, deflateSync, inflateSync } from 'node:zlib';
import { UmbelError } from '../contract/errors.ts';

/*
 * kombu's compression methods (kombu/compression.py), by the MIME type of the `compression` header and the names that
 * settings use. Its "gzip" is a zlib stream.
 */

interface Limit {
  readonly maxOutputLength: number;
}

interface Method {
  readonly contentType: string;
  readonly names: readonly string[];
  readonly compress: ((bytes: Uint8Array) => Uint8Array) | null;
  readonly decompress: ((bytes: Uint8Array, limit: Limit) => Buffer) | null;
}

/** Of Node 22.15 and 23.8 on. */
const zstd = {
  compress: functionOf('zstdCompressSync'),
  decompress: functionOf('zstdDecompressSync'),
};

const METHODS: readonly Method[] = [
  {
    contentType: 'application/x-gzip',
    names: ['gzip', 'zlib'],
    compress: (bytes) => deflateSync(bytes),
    decompress: (bytes, limit) => inflateSync(bytes, limit),
  },
  {
    contentType: 'application/x-brotli',
    names: ['brotli'],
    compress: (bytes) => brotliCompressSync(bytes, BROTLI_QUALITY),
    decompress: (bytes, limit) => brotliDecompressSync(bytes, limit),
  },
  {
    contentType: 'application/zstd',
    names: ['zstd', 'zstandard'],
    compress: zstd.compress && ((bytes) => zstd.compress?.(bytes) ?? bytes),
    decompress: zstd.decompress && ((bytes, limit) => zstd.decompress?.(bytes, limit) ?? Buffer.alloc(0)),
  },
];

/** The default of 11 takes a hundred times longer and is made for files that are packed once. */
const BROTLI_QUALITY = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } };

/** Whether this runtime can pack and unpack a method. */
export function canCompress(method: string): boolean {
  return (find(method)?.compress ?? null) !== null;
}

/** Packs a body. Throws `UmbelError('unsupported')` for other methods. */
export function compress(
  body: string | Uint8Array,
  method: string,
): { readonly bytes: Uint8Array; readonly contentType: string } {
  const found = find(method);
  if (!found?.compress) throw unsupported(method);
  const bytes = typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'utf8')) : body;
  return { bytes: found.compress(bytes), contentType: found.contentType };
}

/**
 * Unpacks a body by its `compression` header. Throws `UmbelError`: `unsupported` for other methods, `too_large`, or
 * `bad_message` for a broken stream.
 */
export function decompress(body: string | Uint8Array, method: string, maxBytes: number): Buffer {
  const found = find(method);
  if (!found?.decompress) throw unsupported(method);
  try {
    return found.decompress(typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'latin1')) : body, {
      maxOutputLength: maxBytes,
    });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new UmbelError('too_large', `The body unpacks to more than ${maxBytes} bytes.`, { cause: error });
    }
    throw new UmbelError('bad_message', 'The compressed body is broken.', { cause: error });
  }
}

function find(method: string): Method | undefined {
  return METHODS.find(({ contentType, names }) => contentType === method || names.includes(method));
}

/** What cannot be done here, and what can. */
export function unsupported(method: string): UmbelError {
  const works = METHODS.filter((known) => known.compress !== null).map(({ names }) => names[0]);
  const why = find(method) ? 'needs Node 22.15 or newer' : 'is not understood';
  return new UmbelError(
    'unsupported',
    `The compression "${method.slice(0, 60)}" ${why}; here are: ${works.join(', ')}.`,
  );
}

function functionOf(name: string): ((bytes: Uint8Array, options?: object) => Buffer) | null {
  const found: unknown = Reflect.get(zlib, name);
  return typeof found === 'function'
    ? (bytes, options) => Reflect.apply(found, zlib, [bytes, options])
    : null;
}
