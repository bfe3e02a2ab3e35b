import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import type { Queue } from '../../lib/transport/transport.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { startRabbitmqBroker } from '../kit/brokers.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { idOf, ids } from '../kit/messages.ts';
import { consume, send, Transports } from '../kit/transports.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* How much RabbitMQ takes and hands out, and for how long it waits for somebody. */

describe('RabbitMQ', () => {
  let broker: Awaited<ReturnType<typeof startRabbitmqBroker>>;
  const transports = new Transports();
  const open = () => transports.open(broker.url());

  beforeAll(async () => {
    broker = await startRabbitmqBroker();
  }, 120_000);
  afterAll(() => broker.stop());
  beforeEach(() => broker.reset());
  afterEach(() => transports.stop());

  test('a message that a full queue refuses is told to its sender, and only that', async () => {
    const transport = await open();
    const full = { name: 'full', arguments: { 'x-max-length': 2, 'x-overflow': 'reject-publish' } };
    const sent = await Promise.allSettled([
      ...ids(3).map((id) => send(transport, full, id)),
      send(transport, { name: 'other' }, 'good'),
    ]);
    expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(sent[2]).toMatchObject({
      reason: {
        code: 'unavailable',
        message: expect.stringMatching(
          /^Cannot publish to full at \S+: the broker refused it, as a full queue does\.$/,
        ),
      },
    });
    expect((await transport.sampleQueues(['full'])).map(({ messages }) => messages)).toEqual([2]);
  });

  test.each([
    ['over all queues', false],
    ['for each queue when one of them is a quorum queue', true],
  ] as const)('counts what is held %s', async (_how, isQuorum) => {
    const transport = await open();
    const queues: Queue[] = [
      { name: 'a' },
      { name: 'b' },
      { name: 'c', arguments: isQuorum ? { 'x-queue-type': 'quorum' } : {} },
    ];
    for (const queue of queues)
      await Promise.all(ids(9).map((id) => send(transport, queue, queue.name + id)));
    const { got } = await consume(transport, queues, { prefetch: 4 });
    const total = broker.isPrefetchExact && !isQuorum ? 4 : 12;
    await waitUntil('as many have come as may', () => got.length >= total);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(got).toHaveLength(total);
  });

  test('what was held by somebody who is cut off goes to another after two or three heartbeats', async () => {
    const proxy = new FaultProxy(broker.port);
    await proxy.start();
    const silent = await transports.open(`${broker.url(proxy.port)}?heartbeat=1`);
    const first = await consume(silent, [{ name: 'celery' }]);
    await send(await open(), { name: 'celery' }, 'held');
    await waitUntil('it is held', () => first.got.length === 1);
    proxy.set({ kind: 'stall' });
    const second = await consume(await open(), [{ name: 'celery' }]);
    await waitUntil('it has come again', () => second.got.length === 1, 15_000);
    expect(second.got.map(idOf)).toEqual(['held']);
    expect(second.got[0]?.message.properties.delivery_info?.redelivered).toBe(true);
    proxy.set({ kind: 'none' });
    await silent.stop();
    await proxy.stop();
  }, 30_000);

  test('of several brokers any is the first with the strategy shuffle', () => {
    const url = ids(5)
      .map((host) => `amqp://${host}//`)
      .join(';');
    const firsts = (failoverStrategy: 'round-robin' | 'shuffle'): Set<unknown> =>
      new Set(
        ids(100).map(
          () => openTransport(url, { logger: silentLogger, failoverStrategy }).brokerInfo()['hostname'],
        ),
      );
    expect(firsts('round-robin')).toEqual(new Set(['id0']));
    expect([...firsts('shuffle')].sort()).toEqual(ids(5));
  });
});
