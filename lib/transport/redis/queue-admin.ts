import type { Outbox } from '../../redis/outbox.ts';
import type { QueueBinding, QueueSample } from '../transport.ts';
import type { Bindings } from './bindings.ts';
import { askBooked, readBooked } from './booked-count.ts';
import type { Keys } from './keys.ts';

const MAX_QUEUES = 10_000;
const SCAN_COUNT = 500;
const DEADLINE_MS = 10_000;

/** Looks at queues and empties them. */
export class QueueAdmin {
  readonly #outbox: Outbox;
  readonly #keys: Keys;
  readonly #bindings: Bindings;

  constructor(outbox: Outbox, keys: Keys, bindings: Bindings) {
    this.#outbox = outbox;
    this.#keys = keys;
    this.#bindings = bindings;
  }

  async sample(names: readonly string[]): Promise<QueueSample[]> {
    const replies = await this.#ask('measure queues', (link) =>
      Promise.all([
        askBooked(link, this.#keys.unacked),
        ...names.flatMap((name) => this.#keys.lists(name)).map((key) => link.call('llen', [key])),
      ]),
    );
    const [asked, ...list]: unknown[] = Array.isArray(replies) ? replies : [];
    const booked = await readBooked(Array.isArray(asked) ? asked : null, this.#bindings);
    const steps = this.#keys.steps.length;
    return names.map((name, index) => {
      const own = list.slice(index * steps, (index + 1) * steps);
      const messages = own.reduce<number>((sum, length) => sum + Number(length), 0);
      const unacked = booked === null ? null : (booked.byQueue.get(name) ?? 0);
      return { name, messages, unacked, ...(booked?.isEstimate && { isEstimate: true }) };
    });
  }

  /** Every queue that some client has bound, at most 10,000. */
  async list(): Promise<string[]> {
    const bindings = await this.bindings();
    return [...new Set(bindings.map(({ queue }) => queue))].sort();
  }

  /** Where the queues get their messages from, at most 10,000 bindings. */
  async bindings(): Promise<QueueBinding[]> {
    const bindings: QueueBinding[] = [];
    let cursor = '0';
    do {
      const reply = await this.#ask('list queues', (link) =>
        link.call('scan', [cursor, 'match', this.#keys.anyBinding, 'count', SCAN_COUNT]),
      );
      const [next, found]: unknown[] = Array.isArray(reply) ? reply : [];
      cursor = String(next ?? '0');
      bindings.push(...(await this.#read(Array.isArray(found) ? found.map(String) : [])));
    } while (cursor !== '0' && bindings.length < MAX_QUEUES);
    return bindings;
  }

  async purge(queue: string): Promise<number> {
    const lists = this.#keys.lists(queue);
    const replies = await this.#ask(`purge ${queue}`, (link) =>
      link.transaction(
        lists.flatMap(
          (key) =>
            [
              ['llen', key],
              ['del', key],
            ] as const,
        ),
      ),
    );
    const values: unknown[] = Array.isArray(replies) ? replies : [];
    return values.reduce<number>((sum, value, index) => (index % 2 === 0 ? sum + Number(value) : sum), 0);
  }

  /** Reply queues and mailboxes of remote control are bound too, but they are nobody's work. */
  async #read(bindingKeys: readonly string[]): Promise<QueueBinding[]> {
    const keys = bindingKeys.filter((key) => !/(\.pidbox|celeryev)$/.test(key));
    const replies = await this.#ask('list queues', (link) =>
      Promise.all(keys.map((key) => link.call('smembers', [key]))),
    );
    const sets: unknown[] = Array.isArray(replies) ? replies : [];
    return keys.flatMap((key, index) => {
      const members: unknown = sets[index];
      const exchange = this.#keys.exchangeOf(key);
      return (Array.isArray(members) ? members : []).flatMap((member) => {
        const binding = this.#keys.readMember(String(member));
        return binding ? [{ queue: binding.queue, exchange, routingKey: binding.routingKey }] : [];
      });
    });
  }

  #ask(what: string, attempt: Parameters<Outbox['send']>[0]): Promise<unknown> {
    return this.#outbox.send(attempt, { what, deadlineMs: DEADLINE_MS });
  }
}
