import { encodeJson } from '../../protocol/json.ts';
import type { Outbox } from '../../redis/outbox.ts';
import { uuid } from '../../util/clock.ts';
import type { ChordPart, ChordProgress } from '../backend.ts';
import type { StoredCodec } from '../stored-codec.ts';
import type { ChordParts } from './chord-parts.ts';
import { ADD_TO_CHORD } from './scripts.ts';

const SET_META = 'celery-taskset-meta-';
/** Of what is ours alone, where results are kept for ever. */
const OWN_EXPIRES_SECONDS = 86_400;

interface ChordKeys {
  readonly sizeKey: string;
  readonly addedKey: string;
  readonly countedKey: string;
  readonly partsKey: string;
  readonly claimKey: string;
}

/** In place of an id in `.c`: the body was sent. */
const SENT = '';

/**
 * Counts the header of a chord in Celery's keys: `.s` its size, `.t` tasks added later (`.a`: which, ours), `.j` the parts
 * `[1, id, state, result]`, sorted by place in the group or not (celery/backends/redis.py `on_chord_part_return`).
 *
 * A task that runs again after its worker died returns twice. So that the body is sent once all the same, `.c` (ours,
 * Celery ignores it) holds the id of the member that came last and sends the body, then that it was sent:
 *
 *   counting → claimed by a member → sent
 *
 * The member that has the claim may come again, when it died before the body was sent; others do nothing then.
 */
export class ChordCounter {
  readonly #outbox: Outbox;
  readonly #prefix: string;
  /** 0: never. */
  readonly #expiresSeconds: number;
  readonly #ownSeconds: number;
  readonly #codec: StoredCodec;
  readonly #kept: ChordParts;

  constructor(outbox: Outbox, prefix: string, expiresSeconds: number, codec: StoredCodec, kept: ChordParts) {
    this.#codec = codec;
    this.#kept = kept;
    this.#outbox = outbox;
    this.#prefix = prefix;
    this.#expiresSeconds = expiresSeconds;
    this.#ownSeconds = expiresSeconds || OWN_EXPIRES_SECONDS;
  }

  async setSize(groupId: string, size: number): Promise<void> {
    const { sizeKey } = this.#keysOf(groupId);
    const expiry = this.#expiresSeconds > 0 ? ['EX', this.#expiresSeconds] : [];
    await this.#outbox.send((link) => link.call('set', [sizeKey, size, ...expiry]), {
      what: 'store the size of a chord',
    });
  }

  async add(groupId: string): Promise<void> {
    const { addedKey, countedKey } = this.#keysOf(groupId);
    // Sent again after a lost connection, it must not count twice: the chord would wait for ever.
    const args = [this.#expiresSeconds, this.#ownSeconds, uuid()];
    await this.#outbox.send((link) => link.run(ADD_TO_CHORD, [addedKey, countedKey], args), {
      what: 'add a task to a chord',
    });
  }

  async record({ groupId, memberIndex, taskId, state, resultText }: ChordPart): Promise<ChordProgress> {
    const { sizeKey, addedKey, partsKey, claimKey } = this.#keysOf(groupId);
    const member = this.#codec.encode(`[1, ${encodeJson(taskId)}, ${encodeJson(state)}, ${resultText}]`);
    const reply = await this.#outbox.send(
      (link) =>
        link.transaction([
          this.#kept.add(partsKey, member, memberIndex),
          this.#kept.count(partsKey),
          ['get', addedKey],
          ['get', sizeKey],
          ['get', claimKey],
          ...this.#renewals(partsKey, addedKey, sizeKey),
        ]),
      { what: 'count a part of a chord', bytes: member.length },
    );
    const [, count, added, size, claim]: unknown[] = Array.isArray(reply) ? reply : [];
    const isSized = size !== null && size !== undefined;
    const total = isSized ? Number(size) + Number(added ?? 0) : null;
    const waiting = { isDone: false, total, parts: [] };
    if (typeof claim === 'string' && claim !== taskId) {
      if (claim === SENT) await this.#delete(partsKey);
      return waiting;
    }
    if (total === null || Number(count) < total) return waiting;
    const parts = await this.#parts(partsKey);
    if (parts.length !== total || !(await this.#claim(claimKey, taskId))) return waiting;
    return { isDone: true, total, parts };
  }

  /** The body was sent. */
  async forget(groupId: string): Promise<void> {
    const { sizeKey, addedKey, countedKey, partsKey, claimKey } = this.#keysOf(groupId);
    await this.#outbox.send(
      (link) =>
        link.transaction([
          ['setex', claimKey, this.#ownSeconds, SENT],
          ['del', partsKey, addedKey, countedKey, sizeKey],
        ]),
      { what: 'forget a chord' },
    );
  }

  /** Whether this member is the one that sends the body. */
  async #claim(key: string, taskId: string): Promise<boolean> {
    const reply = await this.#outbox.send(
      (link) =>
        link.transaction([
          ['set', key, taskId, 'EX', this.#ownSeconds, 'NX'],
          ['get', key],
        ]),
      { what: 'claim a chord' },
    );
    return Array.isArray(reply) && reply[1] === taskId;
  }

  async #delete(key: string): Promise<void> {
    await this.#outbox.send((link) => link.call('del', [key]), { what: 'forget a part of a chord' });
  }

  /** Each member once: one that ran again may be there twice. */
  async #parts(key: string): Promise<ChordProgress['parts']> {
    const { range } = this.#kept;
    const reply = await this.#outbox.send(
      (link) =>
        this.#codec.isBinary ? link.callBuffer(range, [key, 0, -1]) : link.call(range, [key, 0, -1]),
      { what: 'read the parts of a chord' },
    );
    const members: unknown[] = Array.isArray(reply) ? reply : [];
    const parts = new Map<string, ChordProgress['parts'][number]>();
    for (const stored of members) {
      if (typeof stored !== 'string' && !Buffer.isBuffer(stored)) continue;
      const member = this.#codec.decode(stored);
      if (!Array.isArray(member)) continue;
      const [, taskId, state, result]: unknown[] = member;
      parts.set(String(taskId), { taskId: String(taskId), state: String(state), result });
    }
    return [...parts.values()];
  }

  #renewals(...keys: readonly string[]): (readonly ['expire', string, number])[] {
    const seconds = this.#expiresSeconds;
    return seconds > 0 ? keys.map((key) => ['expire', key, seconds] as const) : [];
  }

  #keysOf(groupId: string): ChordKeys {
    const base = `${this.#prefix}${SET_META}${groupId}`;
    return {
      sizeKey: `${base}.s`,
      addedKey: `${base}.t`,
      countedKey: `${base}.a`,
      partsKey: `${base}.j`,
      claimKey: `${base}.c`,
    };
  }
}
