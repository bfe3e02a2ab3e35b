import type { Outbox } from '../../redis/outbox.ts';
import type { ResultRecord } from '../backend.ts';
import type { StoredCodec } from '../stored-codec.ts';
import { STORE } from './scripts.ts';

interface Batch {
  readonly keys: string[];
  readonly values: (string | Buffer)[];
  bytes: number;
  readonly stored: Promise<void>;
  readonly resolve: (writing: Promise<void>) => void;
}

const MAX_RECORDS = 200;
const MAX_BYTES = 1024 * 1024;

/**
 * Stores results. Those of one turn of the event loop travel together, and all in the order in which they were given,
 * also over a lost connection: an older state never follows a newer one.
 */
export class ResultWriter {
  readonly #outbox: Outbox;
  readonly #keyOf: (taskId: string) => string;
  readonly #expiresSeconds: number;
  readonly #codec: StoredCodec;
  #open: Batch | null = null;
  #isScheduled = false;

  constructor(outbox: Outbox, keyOf: (taskId: string) => string, expiresSeconds: number, codec: StoredCodec) {
    this.#outbox = outbox;
    this.#keyOf = keyOf;
    this.#expiresSeconds = expiresSeconds;
    this.#codec = codec;
  }

  /** Rejects with `UmbelError('bad_request')` what the serializer cannot write; the others are stored all the same. */
  store({ taskId, text }: ResultRecord): Promise<void> {
    let value: string | Buffer;
    try {
      value = this.#codec.encode(text);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#open && (this.#open.keys.length >= MAX_RECORDS || this.#open.bytes + text.length > MAX_BYTES)) {
      this.#write();
    }
    const batch = this.#open ?? this.#openBatch();
    batch.keys.push(this.#keyOf(taskId));
    batch.values.push(value);
    batch.bytes += text.length;
    return batch.stored;
  }

  #openBatch(): Batch {
    let resolve: (writing: Promise<void>) => void = () => {};
    const stored = new Promise<void>((settle) => {
      resolve = settle;
    });
    const batch = { keys: [], values: [], bytes: 0, stored, resolve };
    this.#open = batch;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#write();
      });
    }
    return batch;
  }

  #write(): void {
    const batch = this.#open;
    if (!batch) return;
    this.#open = null;
    const { keys, values, bytes } = batch;
    const writing = this.#outbox.send((link) => link.run(STORE, keys, [this.#expiresSeconds, ...values]), {
      what: 'store results',
      bytes,
    });
    batch.resolve(writing.then(() => {}));
  }
}
