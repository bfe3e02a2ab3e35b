import { decodeJson } from '../../protocol/json.ts';
import { isRecord } from '../../protocol/record.ts';
import type { Outbox } from '../../redis/outbox.ts';

const SET_META = 'celery-taskset-meta-';

/** Keeps which tasks a group is made of (celery/backends/base.py `_save_group`). */
export class GroupStore {
  readonly #outbox: Outbox;
  readonly #prefix: string;
  readonly #expiresSeconds: number;

  constructor(outbox: Outbox, prefix: string, expiresSeconds: number) {
    this.#outbox = outbox;
    this.#prefix = prefix;
    this.#expiresSeconds = expiresSeconds;
  }

  async save(groupId: string, text: string): Promise<void> {
    const key = this.#keyOf(groupId);
    const seconds = this.#expiresSeconds;
    await this.#outbox.send(
      (link) => (seconds > 0 ? link.call('setex', [key, seconds, text]) : link.call('set', [key, text])),
      { what: 'save a group', bytes: text.length },
    );
  }

  async read(groupId: string): Promise<unknown> {
    const text = await this.#outbox.send((link) => link.call('get', [this.#keyOf(groupId)]), {
      what: 'read a group',
    });
    if (typeof text !== 'string') return null;
    const saved = decodeJson(text);
    return isRecord(saved) ? (saved['result'] ?? null) : null;
  }

  async delete(groupId: string): Promise<void> {
    await this.#outbox.send((link) => link.call('del', [this.#keyOf(groupId)]), { what: 'delete a group' });
  }

  #keyOf(groupId: string): string {
    return `${this.#prefix}${SET_META}${groupId}`;
  }
}
