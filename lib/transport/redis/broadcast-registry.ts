import { messageOf } from '../../redis/failures.ts';
import type { Outbox } from '../../redis/outbox.ts';
import { serverSeconds } from '../../redis/server-time.ts';
import type { Logger } from '../../util/logger.ts';
import type { Binding, Keys } from './keys.ts';

const REFRESH_MS = 60_000;
/** A worker that has not been seen for so long is gone. */
const GONE_SECONDS = 300;
const DEADLINE_MS = 10_000;

/**
 * Who has a broadcast queue, in a hash by binding with the time when its worker was last there, by the server's clock.
 * A worker that was killed cannot take its binding and list away, and senders that take the exchange for a direct one
 * would fill that list for ever: the next worker with a broadcast queue does it.
 */
export class BroadcastRegistry {
  readonly #outbox: Outbox;
  readonly #keys: Keys;
  readonly #logger: Logger;
  readonly #own = new Set<string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(outbox: Outbox, keys: Keys, logger: Logger) {
    this.#outbox = outbox;
    this.#keys = keys;
    this.#logger = logger;
  }

  /** Notes a queue of this process until `remove`. */
  async add(exchange: string, binding: Binding): Promise<void> {
    this.#own.add(this.#fieldOf(exchange, binding));
    this.#timer ??= setInterval(() => void this.#renew(), REFRESH_MS).unref();
    await this.#renew();
  }

  async remove(exchange: string, binding: Binding): Promise<void> {
    const field = this.#fieldOf(exchange, binding);
    if (!this.#own.delete(field)) return;
    if (this.#own.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
    await this.#ask('forget a broadcast queue', (link) => link.call('hdel', [this.#keys.broadcasts, field]));
  }

  async #renew(): Promise<void> {
    try {
      const now = Math.floor(Number(await this.#ask('read the time', serverSeconds)));
      const fields = [...this.#own].flatMap((field) => [field, now]);
      if (fields.length === 0) return;
      await this.#ask('note broadcast queues', (link) =>
        link.call('hset', [this.#keys.broadcasts, ...fields]),
      );
      await this.#sweep(now);
    } catch (error) {
      // The next turn does it; nothing is lost meanwhile.
      this.#logger.warning(messageOf(error));
    }
  }

  async #sweep(now: number): Promise<void> {
    const key = this.#keys.broadcasts;
    const reply = await this.#ask('read broadcast queues', (link) =>
      link.transaction([
        ['hkeys', key],
        ['hvals', key],
      ]),
    );
    const [fields, times] = listOf(reply).map(listOf);
    for (const [index, field] of (fields ?? []).entries()) {
      if (now - Number(times?.[index]) > GONE_SECONDS) await this.#takeAway(String(field));
    }
  }

  async #takeAway(field: string): Promise<void> {
    const [exchange, ...rest]: unknown[] = listOf(JSON.parse(field));
    const [routingKey, queue] = rest.map(String);
    if (routingKey === undefined || queue === undefined) return;
    const keys = this.#keys;
    await this.#ask(`delete ${queue}`, (link) =>
      link.transaction([
        ['srem', keys.binding(String(exchange)), keys.member({ routingKey, pattern: '', queue })],
        ['del', ...keys.lists(queue)],
        ['hdel', keys.broadcasts, field],
      ]),
    );
    this.#logger.info(`Deleted the broadcast queue ${queue}: its worker is gone.`);
  }

  #fieldOf(exchange: string, { routingKey, queue }: Binding): string {
    return JSON.stringify([exchange, routingKey, queue]);
  }

  #ask(what: string, attempt: Parameters<Outbox['send']>[0]): Promise<unknown> {
    return this.#outbox.send(attempt, { what, deadlineMs: DEADLINE_MS });
  }
}

function listOf(reply: unknown): unknown[] {
  return Array.isArray(reply) ? reply : [];
}
