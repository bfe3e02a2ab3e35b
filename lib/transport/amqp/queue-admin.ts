import type { AmqpConnection } from '../../amqp/connection.ts';
import type { ManagedQueue, ManagementApi } from '../../amqp/management.ts';
import { toError, UmbelError } from '../../contract/errors.ts';
import type { Logger } from '../../util/logger.ts';
import type { QueueBinding, QueueSample } from '../transport.ts';
import { onOwnChannel } from './declarations.ts';

/** What is asked about queues at once. */
const MAX_NAMES = 1000;
/** How long the management API is left alone after it did not answer. */
const REST_MS = 10_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;
/** Names of queues that hold no tasks. */
const MACHINERY =
  /(\.pidbox(\.[0-9a-f-]{36})?|^celeryev\..*|^celery_delayed_\d+|^umbel\.revoked|^amq\..*|^[0-9a-f]{8}-[0-9a-f-]{27})$/;

export interface QueueAdminParts {
  readonly connection: AmqpConnection;
  readonly management: ManagementApi | null;
  readonly eventPrefix: string;
  /** Queues that this process uses. */
  readonly knownNames: () => readonly string[];
  readonly logger: Logger;
}

/**
 * Lengths and names of queues: through the management API where it is given and answers, else by asking for each queue
 * by name (a passive declaration), because AMQP has no way to list them.
 */
export class QueueAdmin {
  readonly #parts: QueueAdminParts;
  #isApiAway = false;
  /** By `performance.now()`. */
  #askApiAt = 0;

  constructor(parts: QueueAdminParts) {
    this.#parts = parts;
  }

  async sample(names: readonly string[]): Promise<QueueSample[]> {
    const managed = await this.#managed();
    if (managed) {
      const queues = new Map(managed.map((queue) => [queue.name, queue]));
      return names.map((name) => queues.get(name) ?? { name, messages: 0, unacked: 0, consumers: 0 });
    }
    const samples: QueueSample[] = [];
    const left = names.slice(0, MAX_NAMES);
    while (left.length > 0) await this.#ask(left, samples);
    return samples;
  }

  /** Task queues: without the management API those that this process uses. */
  async list(): Promise<string[]> {
    const managed = await this.#managed();
    const names = managed?.map(({ name }) => name) ?? new Set(this.#parts.knownNames());
    return [...names].filter((name) => this.#isTaskQueue(name)).sort();
  }

  /** Bindings of task queues; needs the management API. */
  async bindings(): Promise<QueueBinding[]> {
    const all = (await this.#parts.management?.bindings()) ?? [];
    return all.filter(({ queue }) => this.#isTaskQueue(queue));
  }

  async purge(queue: string): Promise<number> {
    try {
      return await onOwnChannel(this.#parts.connection, `purge the queue "${queue}"`, async (channel) => {
        const { messageCount } = await channel.purgeQueue(queue);
        return messageCount;
      });
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  }

  /** What the management API tells; null without it, and while it does not answer: the broker itself can be asked. */
  async #managed(): Promise<readonly ManagedQueue[] | null> {
    const { management, logger } = this.#parts;
    if (!management || performance.now() < this.#askApiAt) return null;
    try {
      const queues = await management.queues();
      if (this.#isApiAway) logger.info('The management API answers again.');
      this.#isApiAway = false;
      return queues;
    } catch (error) {
      this.#askApiAt = performance.now() + REST_MS;
      if (!this.#isApiAway) {
        logger.warning(
          `${toError(error).message} Until it does, only queues that workers, tasks and the app name are seen, without what is unacked.`,
        );
      }
      this.#isApiAway = true;
      return null;
    }
  }

  /** Not a mailbox, a reply queue, an events queue, a step of delayed delivery, or what was revoked. */
  #isTaskQueue(name: string): boolean {
    const prefix = `${this.#parts.eventPrefix}.`;
    if (name.startsWith(prefix) && UUID.test(name.slice(prefix.length))) return false;
    return !MACHINERY.test(name);
  }

  /** Asks for one name after the other, over one channel: until one is refused, which ends the channel. */
  async #ask(left: string[], samples: QueueSample[]): Promise<void> {
    let name = '';
    try {
      await onOwnChannel(this.#parts.connection, 'look at queues', async (channel) => {
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
