import { isRecord } from '../../protocol/record.ts';
import type { Outbox } from '../../redis/outbox.ts';
import type { StoredCodec } from '../stored-codec.ts';

const SET_META = 'celery-taskset-meta-';

/** Keeps which tasks a group is made of (celery/backends/base.py `_save_group`). */
export class GroupStore {
  readonly #outbox: Outbox;
  readonly #prefix: string;
  readonly #expiresSeconds: number;
  readonly #codec: StoredCodec;

  constructor(outbox: Outbox, prefix: string, expiresSeconds: number, codec: StoredCodec) {
    this.#codec = codec;
    this.#outbox = outbox;
    this.#prefix = prefix;
    this.#expiresSeconds = expiresSeconds;
  }

  async save(groupId: string, text: string): Promise<void> {
    const key = this.#keyOf(groupId);
    const seconds = this.#expiresSeconds;
    const stored = this.#codec.encode(text);
    await this.#outbox.send(
      (link) => (seconds > 0 ? link.call('setex', [key, seconds, stored]) : link.call('set', [key, stored])),
      { what: 'save a group', bytes: text.length },
    );
  }

  async read(groupId: string): Promise<unknown> {
    const key = this.#keyOf(groupId);
    const stored = await this.#outbox.send(
      (link) => (this.#codec.isBinary ? link.callBuffer('get', [key]) : link.call('get', [key])),
      {
        what: 'read a group',
      },
    );
    if (typeof stored !== 'string' && !Buffer.isBuffer(stored)) return null;
    const saved = this.#codec.decode(stored);
    return isRecord(saved) ? (saved['result'] ?? null) : null;
  }

  async delete(groupId: string): Promise<void> {
    await this.#outbox.send((link) => link.call('del', [this.#keyOf(groupId)]), { what: 'delete a group' });
  }

  #keyOf(groupId: string): string {
    return `${this.#prefix}${SET_META}${groupId}`;
  }
}
