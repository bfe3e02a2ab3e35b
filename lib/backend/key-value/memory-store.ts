import type { KeyValueStore } from './store.ts';

interface Entry {
  readonly value: Uint8Array;
  readonly writtenAt: number;
}

/** Records kept; beyond it the oldest go. */
const MAX_ENTRIES = 100_000;

/** Celery's `cache+memory://`: in this process, for tests and for workers and callers that share one app. */
export class MemoryStore implements KeyValueStore {
  /** In the order in which they were written. */
  readonly #entries = new Map<string, Entry>();
  readonly #maxEntries: number;
  readonly #expiresMs: number;

  /** `expiresMs` 0: never. */
  constructor(expiresMs: number, maxEntries = MAX_ENTRIES) {
    this.#expiresMs = expiresMs;
    this.#maxEntries = maxEntries;
  }

  async open(): Promise<void> {}

  async read(key: string): Promise<Uint8Array | null> {
    const entry = this.#entries.get(key);
    if (!entry) return null;
    const isOver = this.#expiresMs > 0 && entry.writtenAt + this.#expiresMs < Date.now();
    return isOver ? null : entry.value;
  }

  async write(key: string, value: Uint8Array): Promise<void> {
    this.#entries.delete(key);
    this.#entries.set(key, { value, writtenAt: Date.now() });
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined && this.#entries.size > this.#maxEntries) this.#entries.delete(oldest);
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  async deleteBefore(timeMs: number): Promise<void> {
    for (const [key, { writtenAt }] of this.#entries) {
      if (writtenAt >= timeMs) return;
      this.#entries.delete(key);
    }
  }
}
