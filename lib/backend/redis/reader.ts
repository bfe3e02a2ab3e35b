import { type ResultMeta, readResult } from '../../protocol/result.ts';
import type { Outbox } from '../../redis/outbox.ts';
import type { StoredCodec } from '../stored-codec.ts';

interface Question {
  readonly key: string;
  readonly resolve: (stored: string | Buffer | null) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_KEYS = 200;
const DEADLINE_MS = 10_000;

/** Reads results; those asked for in one turn of the event loop travel in one MGET. */
export class ResultReader {
  readonly #outbox: Outbox;
  readonly #codec: StoredCodec;
  #open: Question[] = [];

  constructor(outbox: Outbox, codec: StoredCodec) {
    this.#outbox = outbox;
    this.#codec = codec;
  }

  async read(key: string): Promise<ResultMeta | null> {
    const stored = await new Promise<string | Buffer | null>((resolve, reject) => {
      this.#open.push({ key, resolve, reject });
      if (this.#open.length === 1) queueMicrotask(() => this.#ask());
    });
    return stored === null ? null : readResult(this.#codec.decode(stored));
  }

  #ask(): void {
    const questions = this.#open;
    this.#open = [];
    for (let first = 0; first < questions.length; first += MAX_KEYS) {
      void this.#askFor(questions.slice(first, first + MAX_KEYS));
    }
  }

  async #askFor(questions: readonly Question[]): Promise<void> {
    const keys = questions.map(({ key }) => key);
    try {
      const reply = await this.#outbox.send(
        (link) => (this.#codec.isBinary ? link.callBuffer('mget', keys) : link.call('mget', keys)),
        {
          what: 'read results',
          deadlineMs: DEADLINE_MS,
        },
      );
      const values: unknown[] = Array.isArray(reply) ? reply : [];
      for (const [index, { resolve }] of questions.entries()) {
        const value = values[index];
        resolve(typeof value === 'string' || Buffer.isBuffer(value) ? value : null);
      }
    } catch (error) {
      for (const { reject } of questions) reject(error);
    }
  }
}
