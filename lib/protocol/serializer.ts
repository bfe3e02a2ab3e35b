import { UmbelError } from '../contract/errors.ts';
import { decodeJson, encodeJson } from './json.ts';
import { decodeMsgpack, encodeMsgpack } from './msgpack.ts';
import { decodeYaml, encodeYaml } from './yaml.ts';

/** How values become bodies: one of kombu's serializers (kombu/serialization.py). */
export interface Serializer {
  /** `json`, `msgpack`, `yaml`: what settings say. */
  readonly name: SerializerName;
  /** What messages say. */
  readonly contentType: string;
  /** `utf-8` for text, `binary` for bytes. */
  readonly contentEncoding: string;
  /** Throws `UmbelError('bad_request')` for values that it cannot write. */
  encode(value: unknown): string | Uint8Array;
  /** Throws `UmbelError('bad_message')` for bodies that it cannot read. */
  decode(body: string | Uint8Array): unknown;
}

export type SerializerName = 'json' | 'msgpack' | 'yaml';

export const JSON_SERIALIZER: Serializer = {
  name: 'json',
  contentType: 'application/json',
  contentEncoding: 'utf-8',
  encode: encodeJson,
  decode: (body) => decodeJson(textOf(body)),
};

const SERIALIZERS: readonly Serializer[] = [
  JSON_SERIALIZER,
  {
    name: 'msgpack',
    contentType: 'application/x-msgpack',
    contentEncoding: 'binary',
    encode: encodeMsgpack,
    decode: (body) => decodeMsgpack(bytesOf(body)),
  },
  {
    name: 'yaml',
    contentType: 'application/x-yaml',
    contentEncoding: 'utf-8',
    encode: encodeYaml,
    decode: (body) => decodeYaml(textOf(body)),
  },
];

/** MIME types of all of them. */
export const ALL_TYPES: ReadonlySet<string> = new Set(SERIALIZERS.map(({ contentType }) => contentType));

const NAMES = SERIALIZERS.map(({ name }) => name).join(', ');

/** kombu's fourth, by its name and MIME type. */
const PICKLE: ReadonlySet<string> = new Set(['pickle', 'application/x-python-serialize']);

/** A serializer by its name or MIME type. Throws `UmbelError('bad_config')`; pickle is never there. */
export function serializerNamed(name: string, setting = 'serializer'): Serializer {
  const found = SERIALIZERS.find((known) => known.name === name || known.contentType === name);
  if (found) return found;
  const reason = PICKLE.has(name) ? 'which can run code and is never read or written' : 'which is none';
  throw new UmbelError('bad_config', `${setting} is "${name}", ${reason}. There are: ${NAMES}.`);
}

/** The serializer of a message; undefined when there is none for its content type. */
export function serializerOf(contentType: string): Serializer | undefined {
  return contentType === JSON_SERIALIZER.contentType
    ? JSON_SERIALIZER
    : SERIALIZERS.find((known) => known.contentType === contentType);
}

/** The MIME types of `accept_content`, given as names or MIME types. Throws `UmbelError('bad_config')`. */
export function acceptedTypes(names: readonly string[], setting = 'accept_content'): ReadonlySet<string> {
  return new Set(names.map((name) => serializerNamed(name, setting).contentType));
}

function textOf(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'latin1')) : body;
}
