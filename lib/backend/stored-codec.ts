import { UmbelError } from '../contract/errors.ts';
import { decodeJson } from '../protocol/json.ts';
import { JSON_SERIALIZER, type Serializer } from '../protocol/serializer.ts';
import type { BackendOptions } from './backend.ts';

/**
 * Between the JSON in which this process hands results around, and what is stored: the same with `result_serializer`
 * json, else another serializer's text or bytes. Nothing stored says which: all who share a store agree on it, as in
 * Celery (celery/backends/base.py `encode`, `decode`).
 */
export class StoredCodec {
  readonly #serializer: Serializer;
  readonly #isAccepted: boolean;

  constructor({ serializer = JSON_SERIALIZER, accept }: Pick<BackendOptions, 'serializer' | 'accept'>) {
    this.#serializer = serializer;
    this.#isAccepted = accept?.has(serializer.contentType) ?? true;
  }

  /** What is stored is bytes, not text. */
  get isBinary(): boolean {
    return this.#serializer.contentEncoding === 'binary';
  }

  /** From JSON text to what is stored. */
  encode(jsonText: string): string | Buffer {
    if (this.#serializer === JSON_SERIALIZER) return jsonText;
    const stored = this.#serializer.encode(decodeJson(jsonText));
    return typeof stored === 'string' ? stored : Buffer.from(stored);
  }

  /** From a value to what is stored. */
  encodeValue(value: unknown): string | Uint8Array {
    return this.#serializer.encode(value);
  }

  /** The value of what is stored. Throws `UmbelError('bad_message')`. */
  decode(stored: string | Uint8Array): unknown {
    if (this.#isAccepted) return this.#serializer.decode(stored);
    throw new UmbelError(
      'bad_message',
      `Results are stored as ${this.#serializer.name}: add "${this.#serializer.name}" to result_accept_content.`,
    );
  }
}
