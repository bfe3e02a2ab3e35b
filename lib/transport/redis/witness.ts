import type { Outbox } from '../../redis/outbox.ts';

const EXPIRES_SECONDS = 3600;
const RENEW_EVERY_MS = 600_000;
const DEADLINE_MS = 3000;
/** Later than that it may have expired: the broker was away for long. */
const STANDS_MS = (EXPIRES_SECONDS - 60) * 1000;

/**
 * A key that stands as long as the database keeps what it is given. When it is gone before its time, then so is
 * everything else: flushed, restarted without persistence, or replaced by an empty replica.
 */
export class Witness {
  readonly #outbox: Outbox;
  readonly #key: string;
  /** When it was last written; null while it does not stand for certain. */
  #writtenAt: number | null = null;

  constructor(outbox: Outbox, key: string) {
    this.#outbox = outbox;
    this.#key = key;
  }

  /** Whether the data has vanished since the last call. The first call only starts the watch. */
  async hasLostData(): Promise<boolean> {
    const before = this.#writtenAt;
    const found = await this.#ask('get', [this.#key]);
    const ageMs = before === null ? Number.POSITIVE_INFINITY : performance.now() - before;
    const isLost = ageMs < STANDS_MS && found === null;
    if (isLost || ageMs > RENEW_EVERY_MS) await this.#write();
    return isLost;
  }

  async #write(): Promise<void> {
    try {
      await this.#ask('set', [this.#key, '1', 'ex', EXPIRES_SECONDS]);
      this.#writtenAt = performance.now();
    } catch {
      // Out of memory, or a user that may not write: without the key there is nothing to conclude.
      this.#writtenAt = null;
    }
  }

  #ask(command: string, args: readonly (string | number)[]): Promise<unknown> {
    return this.#outbox.send((link) => link.call(command, [...args]), {
      what: 'watch over the data',
      deadlineMs: DEADLINE_MS,
    });
  }
}
