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
      return names.map((name) => queues.get(name) ?? { name, messages: 0, unacked: 0 });
    }
    const samples: QueueSample[] = [];
    for (const name of names.slice(0, MAX_NAMES)) samples.push(await this.#ask(name));
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

  async #ask(name: string): Promise<QueueSample> {
    try {
      return await onOwnChannel(this.#connection, `look at the queue "${name}"`, async (channel) => {
        const { messageCount } = await channel.checkQueue(name);
        return { name, messages: messageCount, unacked: null };
      });
    } catch (error) {
      if (isMissing(error)) return { name, messages: 0, unacked: null };
      throw error;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof UmbelError && error.code === 'not_found';
}
