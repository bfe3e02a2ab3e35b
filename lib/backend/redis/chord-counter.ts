import { encodeJson } from '../../protocol/json.ts';
import type { Outbox } from '../../redis/outbox.ts';
import type { ChordPart, ChordProgress } from '../backend.ts';
import type { StoredCodec } from '../stored-codec.ts';

const SET_META = 'celery-taskset-meta-';
const CHORD_EXPIRES_SECONDS = 86_400;

/**
 * Counts the header of a chord in Celery's keys: `.s` its size, `.t` tasks added later, `.j` a sorted set of
 * `[1, id, state, result]` by place in the group (celery/backends/redis.py `on_chord_part_return`).
 */
export class ChordCounter {
  readonly #outbox: Outbox;
  readonly #prefix: string;
  readonly #expiresSeconds: number;
  readonly #codec: StoredCodec;

  constructor(outbox: Outbox, prefix: string, expiresSeconds: number, codec: StoredCodec) {
    this.#codec = codec;
    this.#outbox = outbox;
    this.#prefix = prefix;
    this.#expiresSeconds = expiresSeconds || CHORD_EXPIRES_SECONDS;
  }

  async setSize(groupId: string, size: number): Promise<void> {
    const { sizeKey } = this.#keysOf(groupId);
    await this.#outbox.send((link) => link.call('setex', [sizeKey, this.#expiresSeconds, size]), {
      what: 'store the size of a chord',
    });
  }

  async add(groupId: string): Promise<void> {
    const { addedKey } = this.#keysOf(groupId);
    await this.#outbox.send(
      (link) =>
        link.transaction([
          ['incr', addedKey],
          ['expire', addedKey, this.#expiresSeconds],
        ]),
      { what: 'add a task to a chord' },
    );
  }

  async record({ groupId, memberIndex, taskId, state, resultText }: ChordPart): Promise<ChordProgress> {
    const { sizeKey, addedKey, partsKey } = this.#keysOf(groupId);
    const member = this.#codec.encode(`[1, ${encodeJson(taskId)}, ${encodeJson(state)}, ${resultText}]`);
    const reply = await this.#outbox.send(
      (link) =>
        link.transaction([
          ['zadd', partsKey, memberIndex ?? '+inf', member],
          ['zcount', partsKey, '-inf', '+inf'],
          ['get', addedKey],
          ['get', sizeKey],
          ['expire', partsKey, this.#expiresSeconds],
          ['expire', addedKey, this.#expiresSeconds],
          ['expire', sizeKey, this.#expiresSeconds],
        ]),
      { what: 'count a part of a chord', bytes: member.length },
    );
    const [, count, added, size]: unknown[] = Array.isArray(reply) ? reply : [];
    if (size === null || size === undefined) return { isDone: false, total: null, parts: [] };
    const total = Number(size) + Number(added ?? 0);
    const isDone = Number(count) === total;
    return { isDone, total, parts: isDone ? await this.#parts(partsKey) : [] };
  }

  async forget(groupId: string): Promise<void> {
    const { sizeKey, addedKey, partsKey } = this.#keysOf(groupId);
    await this.#outbox.send((link) => link.call('del', [partsKey, addedKey, sizeKey]), {
      what: 'forget a chord',
    });
  }

  async #parts(key: string): Promise<ChordProgress['parts']> {
    const reply = await this.#outbox.send(
      (link) =>
        this.#codec.isBinary ? link.callBuffer('zrange', [key, 0, -1]) : link.call('zrange', [key, 0, -1]),
      {
        what: 'read the parts of a chord',
      },
    );
    const members: unknown[] = Array.isArray(reply) ? reply : [];
    return members.flatMap((stored) => {
      if (typeof stored !== 'string' && !Buffer.isBuffer(stored)) return [];
      const member = this.#codec.decode(stored);
      if (!Array.isArray(member)) return [];
      const [, taskId, state, result]: unknown[] = member;
      return [{ taskId: String(taskId), state: String(state), result }];
    });
  }

  #keysOf(groupId: string): { sizeKey: string; addedKey: string; partsKey: string } {
    const base = `${this.#prefix}${SET_META}${groupId}`;
    return { sizeKey: `${base}.s`, addedKey: `${base}.t`, partsKey: `${base}.j` };
  }
}
