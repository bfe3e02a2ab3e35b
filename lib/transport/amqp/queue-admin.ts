import type { AmqpConnection } from '../../amqp/connection.ts';
import type { ManagementApi } from '../../amqp/management.ts';
import { UmbelError } from '../../contract/errors.ts';
import type { QueueBinding, QueueSample } from '../transport.ts';
import { onOwnChannel } from './declarations.ts';

/** What is asked about queues at once. */
const MAX_NAMES = 1000;
const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;
/** Names of queues that hold no tasks. */
const MACHINERY =
  /(\.pidbox(\.[0-9a-f-]{36})?|^celeryev\..*|^celery_delayed_\d+|^amq\..*|^[0-9a-f]{8}-[0-9a-f-]{27})$/;

/**
 * Lengths and names of queues: through the management API where it is given, else by asking for each queue by name
 * (a passive declaration), because AMQP has no way to list them.
 */
export class QueueAdmin {
  readonly #connection: AmqpConnection;
  readonly #management: ManagementApi | null;
  readonly #eventPrefix: string;
  readonly #knownNames: () => readonly string[];

  constructor(
    connection: AmqpConnection,
    management: ManagementApi | null,
    eventPrefix: string,
    knownNames: () => readonly string[],
  ) {
    this.#connection = connection;
    this.#management = management;
    this.#eventPrefix = eventPrefix;
    this.#knownNames = knownNames;
  }

  async sample(names: readonly string[]): Promise<QueueSample[]> {
    if (this.#management) {
      const queues = new Map((await this.#management.queues()).map((queue) => [queue.name, queue]));
      return names.map((name) => queues.get(name) ?? { name, messages: 0, unacked: 0, consumers: 0 });
    }
    const samples: QueueSample[] = [];
    const left = names.slice(0, MAX_NAMES);
    while (left.length > 0) await this.#ask(left, samples);
    return samples;
  }

  /** Task queues: without the management API those that this process uses. */
  async list(): Promise<string[]> {
    if (!this.#management) return [...new Set(this.#knownNames())].sort();
    const queues = await this.#management.queues();
    return queues
      .map(({ name }) => name)
      .filter((name) => this.#isTaskQueue(name))
      .sort();
  }

  /** Bindings of task queues; needs the management API. */
  async bindings(): Promise<QueueBinding[]> {
    const all = (await this.#management?.bindings()) ?? [];
    return all.filter(({ queue }) => this.#isTaskQueue(queue));
  }

  async purge(queue: string): Promise<number> {
    try {
      return await onOwnChannel(this.#connection, `purge the queue "${queue}"`, async (channel) => {
        const { messageCount } = await channel.purgeQueue(queue);
        return messageCount;
      });
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  }

  /** Not a mailbox, a reply queue, an events queue, or a step of delayed delivery. */
  #isTaskQueue(name: string): boolean {
    const prefix = `${this.#eventPrefix}.`;
    if (name.startsWith(prefix) && UUID.test(name.slice(prefix.length))) return false;
    return !MACHINERY.test(name);
  }

  /** Asks for one name after the other, over one channel: until one is refused, which ends the channel. */
  async #ask(left: string[], samples: QueueSample[]): Promise<void> {
    let name = '';
    try {
      await onOwnChannel(this.#connection, 'look at queues', async (channel) => {
        for (name = left.shift() ?? ''; name !== ''; name = left.shift() ?? '') {
          const { messageCount, consumerCount } = await channel.checkQueue(name);
          samples.push({ name, messages: messageCount, unacked: null, consumers: consumerCount });
        }
      });
    } catch (error) {
      if (isMissing(error)) samples.push({ name, messages: 0, unacked: null, consumers: 0 });
      // One that this user may not see, or that is another connection's own, has no length for us.
      else if (!isRefused(error)) throw error;
    }
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof UmbelError && (error.code === 'forbidden' || error.code === 'conflict');
}

function isMissing(error: unknown): boolean {
  return error instanceof UmbelError && error.code === 'not_found';
}
