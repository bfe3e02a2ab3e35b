import type { Outbox } from '../../redis/outbox.ts';
import { nowSeconds } from '../../util/clock.ts';
import { MAX_REVOKED, REVOKED_SECONDS } from '../revoked-limits.ts';
import type { RevokedTasks } from '../transport.ts';

const CHUNK = 1000;
const DEADLINE_MS = 10_000;

/** A sorted set of ids by the time they were revoked. Python workers do not know it and are not disturbed by it. */
export class RedisRevokedTasks implements RevokedTasks {
  readonly #outbox: Outbox;
  readonly #key: string;

  constructor(outbox: Outbox, key: string) {
    this.#outbox = outbox;
    this.#key = key;
  }

  async add(ids: readonly string[]): Promise<void> {
    const key = this.#key;
    const now = nowSeconds();
    for (let first = 0; first < ids.length; first += CHUNK) {
      const members = ids.slice(first, first + CHUNK).flatMap((id) => [now, id]);
      await this.#outbox.send(
        (link) =>
          link.transaction([
            ['zadd', key, ...members],
            ['zremrangebyscore', key, '-inf', now - REVOKED_SECONDS],
            ['zremrangebyrank', key, 0, -(MAX_REVOKED + 1)],
            ['expire', key, REVOKED_SECONDS],
          ]),
        { what: 'keep which tasks are revoked', deadlineMs: DEADLINE_MS },
      );
    }
  }

  async read(): Promise<[string, number][]> {
    const reply = await this.#outbox.send((link) => link.call('zrange', [this.#key, 0, -1, 'withscores']), {
      what: 'read which tasks are revoked',
      deadlineMs: DEADLINE_MS,
    });
    const items: unknown[] = Array.isArray(reply) ? reply : [];
    const entries: [string, number][] = [];
    for (let index = 0; index + 1 < items.length; index += 2) {
      entries.push([String(items[index]), Number(items[index + 1])]);
    }
    return entries;
  }
}
