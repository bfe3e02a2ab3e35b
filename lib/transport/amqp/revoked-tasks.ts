import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel } from 'amqplib';
import { z } from 'zod';
import type { AmqpConnection } from '../../amqp/connection.ts';
import { UmbelError } from '../../contract/errors.ts';
import { nowSeconds, uuid } from '../../util/clock.ts';
import { within } from '../../util/within.ts';
import { MAX_REVOKED, REVOKED_SECONDS } from '../revoked-limits.ts';
import type { Queue, RevokedTasks } from '../transport.ts';
import { onOwnChannel } from './declarations.ts';
import type { Publisher } from './publisher.ts';

const REVOKED_QUEUE: Queue = {
  name: 'umbel.revoked',
  exchange: '',
  arguments: {
    // A quorum queue would drop what was given back too often.
    'x-queue-type': 'classic',
    'x-message-ttl': REVOKED_SECONDS * 1000,
    'x-max-length': MAX_REVOKED,
    'x-max-length-bytes': 4_000_000,
  },
};
const CHUNK = 1000;
const LIMIT_MS = 10_000;
const WAIT_MS = 50;
const END_EXPIRES_MS = 60_000;

const Entry = z.object({ ids: z.array(z.string()), at: z.number() });

/**
 * Ids of revoked tasks in a queue that everybody reads and nobody empties: a reader takes all its messages and closes the
 * channel, which puts them back into their places. One reads at a time, since what it holds others cannot see.
 */
export class AmqpRevokedTasks implements RevokedTasks {
  readonly #connection: AmqpConnection;
  readonly #publisher: Publisher;

  constructor(connection: AmqpConnection, publisher: Publisher) {
    this.#connection = connection;
    this.#publisher = publisher;
  }

  async add(ids: readonly string[]): Promise<void> {
    const { name } = REVOKED_QUEUE;
    const destination = { exchange: '', routingKey: name, queue: REVOKED_QUEUE };
    for (let first = 0; first < ids.length; first += CHUNK) {
      const entry: z.infer<typeof Entry> = { ids: ids.slice(first, first + CHUNK), at: nowSeconds() };
      await this.#publisher.publish(destination, {
        headers: {},
        properties: { delivery_mode: 2 },
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        body: JSON.stringify(entry),
      });
    }
  }

  async read(): Promise<[string, number][]> {
    const deadline = performance.now() + LIMIT_MS;
    for (;;) {
      try {
        return await onOwnChannel(this.#connection, 'read which tasks are revoked', readAll);
      } catch (error) {
        // Nothing was revoked yet.
        if (error instanceof UmbelError && error.code === 'not_found') return [];
        // A broker that takes no messages does not take the one behind the others either.
        const { isStopped, blockedReason } = this.#connection;
        if (isStopped || blockedReason !== null || !isPassing(error) || performance.now() > deadline)
          throw error;
        await sleep(WAIT_MS);
      }
    }
  }
}

/** Another reads now, or the connection is not back yet. */
function isPassing(error: unknown): boolean {
  return error instanceof UmbelError && (error.code === 'unavailable' || /exclusive use/.test(error.message));
}

/** A message of our own behind the others tells that they all have come. */
async function readAll(channel: Channel): Promise<[string, number][]> {
  const { name } = REVOKED_QUEUE;
  const entries: [string, number][] = [];
  const end = uuid();
  const reading = new Promise<void>((resolve, reject) => {
    // In this order: the error of a refusal says which.
    channel.once('error', reject);
    channel.once('close', () => reject(new Error('the channel was closed')));
    const consuming = channel.consume(
      name,
      (message) => {
        if (message === null) reject(new Error('the queue was deleted'));
        else if (message.properties.messageId === end) {
          channel.ack(message);
          resolve();
        } else entries.push(...decode(message.content));
      },
      { exclusive: true },
    );
    consuming.then(() => {
      channel.sendToQueue(name, Buffer.alloc(0), { messageId: end, expiration: END_EXPIRES_MS });
    }, reject);
  });
  await within(reading, LIMIT_MS, () => new Error(`no answer within ${LIMIT_MS / 1000} s`));
  return entries;
}

function decode(content: Buffer): [string, number][] {
  try {
    const { data } = Entry.safeParse(JSON.parse(content.toString('utf8')));
    return (data?.ids ?? []).map((id) => [id, data?.at ?? 0]);
  } catch {
    // The end of a reader that died, or none of ours.
    return [];
  }
}
