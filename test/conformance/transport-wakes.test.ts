import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import type { Consumer, Delivery, Transport } from '../../lib/transport/transport.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { ids, taskMessage } from '../kit/messages.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* What has to end the wait of an idle consumer: without that it would last its second. */

const ROUNDS = ids(3);
/** In the order in which a consumer makes them. */
const [COMMAND, LANE] = [1, 3];

describe.each(SERVERS)('a consumer that waits for two queues on $name', ({ start }) => {
  let server: TestServer;
  let proxy: FaultProxy;
  let redis: Redis;
  let transport: Transport;
  let sender: Transport;
  let consumer: Consumer;
  let got: Delivery[];
  const times: number[] = [];

  const isWaiting = () =>
    waitUntil('it waits', async () => /flags=b/.test(String(await redis.client('LIST'))));
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const send = (routingKey: string): Promise<void> =>
    sender.publish({ exchange: '', routingKey }, taskMessage('a'));
  const sendAndWait = async (queue: string): Promise<void> => {
    const before = got.length;
    await send(queue);
    await waitUntil('it has come', () => got.length === before + 1);
    await isWaiting();
  };

  beforeEach(async () => {
    server = await start();
    proxy = new FaultProxy(server.port);
    await proxy.start();
    redis = new Redis(server.port, { protocol: 2 });
    sender = openTransport(server.url(), { logger: silentLogger });
    transport = openTransport(proxy.url(), { logger: silentLogger });
    await sender.start();
    await transport.start();
    got = [];
    times.length = 0;
    consumer = transport.createConsumer({
      queues: [{ name: 'first' }, { name: 'second' }],
      prefetch: 4,
      onDeliveries: (deliveries) => {
        got.push(...deliveries);
        for (const { tag } of deliveries) consumer.ack(tag);
      },
    });
    await consumer.start();
    // It has waited for both: each wait has its list from now on.
    for (const queue of ['first', 'second', 'first']) await sendAndWait(queue);
  });
  afterEach(async () => {
    await transport.stop();
    await sender.stop();
    redis.disconnect();
    await proxy.stop();
    await server.stop();
  });

  /** The machine may be slow once. */
  const expectQuick = (): void => {
    const [, second = 0] = times.sort((a, b) => b - a);
    expect(times).toHaveLength(ROUNDS.length);
    expect(second).toBeLessThan(500);
  };

  test('a message behind one that was parked in another list', async () => {
    for (const [index] of ROUNDS.entries()) {
      await redis.lpush('second', 'no JSON');
      await waitUntil('it is parked', async () => (await redis.llen('umbel.parked')) === index + 1);
      await isWaiting();
      const sentAt = performance.now();
      await sendAndWait('second');
      times.push(performance.now() - sentAt);
      await sendAndWait('first');
    }
    expectQuick();
  });

  test('a message in the list it waited for, told of before the answer that another has delivered', async () => {
    for (const _ of ROUNDS) {
      const before = got.length;
      proxy.delay({ number: LANE, ms: 100 });
      await send('second');
      await pause(50);
      const sentAt = performance.now();
      await send('first');
      await waitUntil('both have come', () => got.length === before + 2);
      times.push(performance.now() - sentAt);
      proxy.delay(null);
      await isWaiting();
    }
    expectQuick();
  });

  test('a new queue, while the end of the wait before is not confirmed yet', async () => {
    for (const id of ROUNDS) {
      proxy.delay({ number: COMMAND, ms: 200 });
      await sendAndWait('second');
      await send(id);
      const addedAt = performance.now();
      const before = got.length;
      consumer.addQueue({ name: id });
      await waitUntil('it has come', () => got.length === before + 1);
      times.push(performance.now() - addedAt);
      proxy.delay(null);
      await pause(250);
      consumer.cancelQueue(id);
      await sendAndWait('first');
    }
    expectQuick();
  });
});
