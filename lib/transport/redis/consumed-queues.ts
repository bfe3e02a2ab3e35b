import { ConnectionLost, messageOf } from '../../redis/failures.ts';
import type { Outbox } from '../../redis/outbox.ts';
import type { Logger } from '../../util/logger.ts';
import type { Queue, Subscription } from '../transport.ts';
import type { Bindings } from './bindings.ts';
import { BroadcastRegistry } from './broadcast-registry.ts';
import type { Broadcasts } from './broadcasts.ts';
import { type Keys, topicPattern } from './keys.ts';

export interface ConsumedQueuesOptions {
  readonly outbox: Outbox;
  readonly bindings: Bindings;
  readonly broadcasts: Broadcasts;
  readonly keys: Keys;
  readonly logger: Logger;
}

/** Life of a broadcast that its worker does not take, in seconds. */
const BROADCAST_EXPIRES = 86_400;

/**
 * The queues of one consumer, and their bindings. A queue of a fanout exchange is the worker's own list: what is
 * broadcast goes into it and is taken from it like any other message. So does what a Python producer pushes there that
 * takes the exchange for a direct one (wire: Broadcast queues).
 */
export class ConsumedQueues {
  readonly #options: ConsumedQueuesOptions;
  readonly #queues = new Map<string, Queue>();
  readonly #registry: BroadcastRegistry;
  readonly #subscriptions = new Map<string, Promise<Subscription>>();

  constructor(options: ConsumedQueuesOptions, queues: readonly Queue[]) {
    this.#options = options;
    for (const queue of queues) this.#queues.set(queue.name, queue);
    this.#registry = new BroadcastRegistry(options.outbox, options.keys, options.logger);
  }

  get list(): readonly Queue[] {
    return [...this.#queues.values()];
  }

  get names(): string[] {
    return [...this.#queues.keys()];
  }

  has(name: string): boolean {
    return this.#queues.has(name);
  }

  async start(): Promise<void> {
    await Promise.all(this.list.map((queue) => this.#open(queue)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.list.map((queue) => this.#close(queue)));
  }

  add(queue: Queue): void {
    this.#queues.set(queue.name, queue);
    this.#open(queue).catch(ignoreLoss);
  }

  cancel(name: string): void {
    const queue = this.#queues.get(name);
    if (!queue) return;
    this.#queues.delete(name);
    this.#close(queue).catch(ignoreLoss);
  }

  async #open(queue: Queue): Promise<void> {
    const { bindings, broadcasts, outbox, keys, logger } = this.#options;
    const { name, exchange = name, exchangeType = 'direct', routingKey = name } = queue;
    const pattern = exchangeType === 'topic' ? topicPattern(routingKey) : '';
    try {
      await bindings.bind(exchange, { routingKey, pattern, queue: name });
      for (const { exchange: other, exchangeType: type, routingKey: key } of queue.bindings ?? []) {
        await bindings.bind(other, {
          routingKey: key,
          pattern: type === 'topic' ? topicPattern(key) : '',
          queue: name,
        });
      }
    } catch (error) {
      // A full Redis refuses it, but must be drained all the same; it is written again with every sweep.
      logger.warning(messageOf(error));
    }
    if (exchangeType !== 'fanout' || this.#subscriptions.has(name)) return;
    const list = keys.list(name, 0);
    const subscription = broadcasts.listenRaw(exchange, routingKey, (text) => {
      const push = outbox.send(
        (link) =>
          link.transaction([
            ['lpush', list, text],
            ['expire', list, BROADCAST_EXPIRES],
          ]),
        { what: `take a broadcast of ${exchange}`, bytes: text.length },
      );
      push.catch(ignoreLoss);
    });
    this.#subscriptions.set(name, subscription);
    await subscription;
    await this.#registry.add(exchange, { routingKey, pattern: '', queue: name });
  }

  async #close(queue: Queue): Promise<void> {
    const { bindings, outbox, keys } = this.#options;
    const { name, exchange = name, routingKey = name } = queue;
    const subscription = this.#subscriptions.get(name);
    if (!subscription) return;
    this.#subscriptions.delete(name);
    await (await subscription).close();
    await this.#registry.remove(exchange, { routingKey, pattern: '', queue: name });
    await bindings.unbind(exchange, { routingKey, pattern: '', queue: name });
    await outbox.send((link) => link.call('del', keys.lists(name)), {
      what: `delete ${name}`,
      deadlineMs: 2000,
    });
  }
}

/** Bindings are written again after a reconnect and at every sweep; a broadcast is for who is there. */
function ignoreLoss(error: unknown): void {
  if (error instanceof ConnectionLost) return;
}
