import { decodeResult, type ResultMeta } from '../../protocol/result.ts';
import type { Outbox } from '../../redis/outbox.ts';

interface Question {
  readonly key: string;
  readonly resolve: (text: string | null) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_KEYS = 200;
const DEADLINE_MS = 10_000;

/** Reads results; those asked for in one turn of the event loop travel in one MGET. */
export class ResultReader {
  readonly #outbox: Outbox;
  #open: Question[] = [];

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  async read(key: string): Promise<ResultMeta | null> {
    const text = await new Promise<string | null>((resolve, reject) => {
      this.#open.push({ key, resolve, reject });
      if (this.#open.length === 1) queueMicrotask(() => this.#ask());
    });
    return text === null ? null : decodeResult(text);
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
      const reply = await this.#outbox.send((link) => link.call('mget', keys), {
        what: 'read results',
        deadlineMs: DEADLINE_MS,
      });
      const texts: unknown[] = Array.isArray(reply) ? reply : [];
      for (const [index, { resolve }] of questions.entries()) {
        const text = texts[index];
        resolve(typeof text === 'string' ? text : null);
      }
    } catch (error) {
      for (const { reject } of questions) reject(error);
    }
  }
}
