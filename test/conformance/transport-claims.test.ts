import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeEnvelope } from '../../lib/protocol/envelope.ts';
import { openTransport } from '../../lib/transport/open.ts';
import { ACK, FETCH, PARK, RESTORE } from '../../lib/transport/redis/scripts.ts';
import type { Consumer, Delivery, Transport } from '../../lib/transport/transport.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { idOf, ids, taskMessage } from '../kit/messages.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* A message that comes while a consumer waits is handed over before it is booked: whatever happens then, it is not lost. */

describe.each(SERVERS)('what a wait brings on $name', ({ start }) => {
  let server: TestServer;
  let proxy: FaultProxy;
  let redis: Redis;
  const opened: Transport[] = [];

  const open = async (url = server.url(), lease = 60): Promise<Transport> => {
    const transport = openTransport(url, { logger: silentLogger, transportOptions: { lease } });
    opened.push(transport);
    await transport.start();
    return transport;
  };
  const send = (id: string, on = opened[0]): Promise<void> | undefined =>
    on?.publish({ exchange: '', routingKey: 'celery' }, taskMessage(id));

  const consume = async (
    on: Transport,
    each: (delivery: Delivery, consumer: Consumer) => void = () => {},
  ): Promise<{ consumer: Consumer; got: Delivery[] }> => {
    const got: Delivery[] = [];
    const consumer = on.createConsumer({
      queues: [{ name: 'celery' }],
      prefetch: 4,
      onDeliveries: (deliveries) => {
        for (const delivery of deliveries) {
          got.push(delivery);
          each(delivery, consumer);
        }
      },
    });
    await consumer.start();
    return { consumer, got };
  };
  const claimed = (): Promise<string[]> => redis.keys('umbel.claimed:*');
  /** A consumer has found nothing, and is waiting now. */
  const isWaiting = (count = 1) =>
    waitUntil('it waits', async () => {
      const clients = String(await redis.client('LIST'));
      return clients.match(/flags=b/g)?.length === count && (await redis.zcard('umbel.claims')) >= count;
    });

  beforeAll(async () => {
    server = await start();
    proxy = new FaultProxy(server.port);
    await proxy.start();
    redis = new Redis(server.port, { protocol: 2 });
  });
  afterAll(async () => {
    redis.disconnect();
    await proxy.stop();
    await server.stop();
  });
  beforeEach(async () => {
    await redis.flushall();
    await open();
  });
  afterEach(async () => {
    proxy.set({ kind: 'none' });
    proxy.cutAfter(Number.POSITIVE_INFINITY);
    for (const transport of opened.splice(0)) await transport.stop();
  });

  test('acked at once: it is never booked, and nothing is left', async () => {
    const { consumer, got } = await consume(await open(), ({ tag }, by) => by.ack(tag));
    for (const [index, id] of ids(20).entries()) {
      await isWaiting();
      await send(id);
      await waitUntil(`${id} has come`, () => got.length === index + 1);
    }
    expect(got.map(idOf)).toEqual(ids(20));
    await isWaiting();
    expect(await redis.exists('celery', 'unacked', 'unacked_index')).toBe(0);
    expect(await claimed()).toEqual([]);
    await consumer.stop();
    expect(await redis.exists('umbel.claims')).toBe(0);
  });

  test('acked later: it is booked meanwhile', async () => {
    const { consumer, got } = await consume(await open());
    await isWaiting();
    await send('a');
    await waitUntil('it is booked', async () => (await redis.hlen('unacked')) === 1);
    expect(await redis.zcard('unacked_index')).toBe(1);
    expect(await claimed()).toEqual([]);
    consumer.ack(got[0]?.tag ?? '');
    await consumer.flush();
    expect(await redis.exists('unacked', 'unacked_index')).toBe(0);
  });

  test.each<[string, (delivery: Delivery, by: Consumer) => void]>([
    ['released', ({ tag }, by) => by.release(tag)],
    ['requeued', ({ tag }, by) => by.reject(tag, { requeue: true })],
    ['parked', ({ tag }, by) => by.park(tag, 'because')],
    ['acked in the next turn', ({ tag }, by) => void setImmediate(() => by.ack(tag))],
    ['acked a little later', ({ tag }, by) => void Promise.resolve().then(() => by.ack(tag))],
  ])('%s before it is booked: that is written when it is', async (_, settle) => {
    let settled = 0;
    // The server knows the scripts that settle, and has to be told the one that books.
    proxy.set({ kind: 'latency', ms: 2 });
    const { consumer, got } = await consume(await open(proxy.url()), (delivery, by) => {
      if (settled < 3) settle(delivery, by);
      else by.ack(delivery.tag);
      settled += 1;
    });
    for (const id of ids(5)) {
      await isWaiting();
      await redis.script('FLUSH');
      for (const { lua } of [ACK, RESTORE, PARK, FETCH]) await redis.script('LOAD', lua);
      await send(id);
      await waitUntil(`${id} has come`, () => got.some((delivery) => idOf(delivery) === id));
    }
    await isWaiting();
    await waitUntil('nothing is held', async () => (await redis.exists('celery', 'unacked')) === 0);
    expect(await claimed()).toEqual([]);
    expect(await redis.zcard('unacked_index')).toBe(0);
    await consumer.stop();
  });

  test('held back and read again at once', async () => {
    const { consumer, got } = await consume(await open());
    await isWaiting();
    const again: (Delivery | null)[] = [];
    const options = { queues: [{ name: 'other' }], prefetch: 1 };
    const other = (await open()).createConsumer({
      ...options,
      onDeliveries: async ([delivery]) => {
        other.hold(delivery?.tag ?? '');
        again.push(...(await other.recall([delivery?.tag ?? ''])));
      },
    });
    await other.start();
    await isWaiting(2);
    await opened[0]?.publish({ exchange: '', routingKey: 'other' }, taskMessage('a'));
    await waitUntil('it is read again', () => again.length === 1);
    expect(again.map((delivery) => delivery && idOf(delivery))).toEqual(['a']);
    expect(got).toEqual([]);
    await other.stop();
    await consumer.stop();
  });

  test('what cannot be read is parked', async () => {
    const { consumer, got } = await consume(await open());
    for (const text of ['no json', '{"body": 1}', '']) {
      await isWaiting();
      await redis.lpush('celery', text);
      await waitUntil('it is gone', async () => (await redis.exists('celery', 'unacked')) === 0);
    }
    await waitUntil('all are parked', async () => (await redis.llen('umbel.parked')) === 3);
    expect(got).toEqual([]);
    expect(await claimed()).toEqual([]);
    await consumer.stop();
  });

  test('its owner has died before it was booked: it comes back, flagged', async () => {
    const seconds = Date.now() / 1000;
    await send('lost');
    await redis.lmove('celery', 'umbel.claimed:dead:1:celery', 'RIGHT', 'LEFT');
    await send('held');
    await redis.lmove('celery', 'umbel.claimed:alive:1:celery', 'RIGHT', 'LEFT');
    await redis.zadd('umbel.claims', seconds - 10, 'dead:1:celery', seconds, 'alive:1:celery');
    const { consumer, got } = await consume(await open(server.url(), 3));
    await waitUntil('it is back', () => got.length === 1, 5000);
    expect(got.map(idOf)).toEqual(['lost']);
    expect(got[0]?.message.headers).toMatchObject({ redelivered: true, 'x-delivery-count': 1 });
    expect(await claimed()).toEqual(['umbel.claimed:alive:1:celery']);
    expect(await redis.zscore('umbel.claims', 'dead:1:celery')).toBeNull();
    await consumer.stop();
  });

  test('its owner has died, and its wait has come to the server behind the sweep: it comes back all the same', async () => {
    const seconds = Date.now() / 1000;
    await redis.zadd('umbel.claims', seconds - 10, 'dead:1:celery');
    const { consumer, got } = await consume(await open(server.url(), 1));
    const left = () => redis.zrange('umbel.claims', 0, '-1');
    await waitUntil('it is swept', async () => !(await left()).includes('dead:1:celery'));
    await redis.lpush(
      'late',
      encodeEnvelope(taskMessage('late'), { exchange: '', routingKey: 'celery' }, 'tag'),
    );
    await redis.lmove('late', 'umbel.claimed:dead:1:celery', 'RIGHT', 'LEFT');
    const lookedAt = Number(await redis.zscore('umbel.claims', '!dead:1:celery'));
    expect(lookedAt).toBeGreaterThan(seconds + 800);
    // A quarter of an hour later.
    await redis.zincrby('umbel.claims', -1000, '!dead:1:celery');
    await waitUntil('it is back', () => got.length === 1, 5000);
    expect(got.map(idOf)).toEqual(['late']);
    expect((await left()).filter((name) => name.includes('dead'))).toEqual([]);
    await consumer.stop();
  });

  test('its owner waits for long: its list is not forgotten', async () => {
    const { consumer, got } = await consume(await open(server.url(), 1));
    await isWaiting();
    const lastSeen = async () =>
      (await redis.zrange('umbel.claims', 0, '-1', 'WITHSCORES')).filter((_, index) => index % 2).map(Number);
    const [first = 0] = await lastSeen();
    const sweeping = await consume(await open(server.url(), 1));
    await isWaiting(2);
    await waitUntil(
      'it is renewed',
      async () => (await lastSeen()).every((last) => last > first + 3.5),
      8000,
    );
    expect(await redis.zcard('umbel.claims')).toBe(2);
    await sweeping.consumer.stop();
    await isWaiting();
    await send('a');
    await waitUntil('it has come', () => got.length === 1);
    await consumer.stop();
  });

  test('cut off at any byte of what it brings: it runs once', async () => {
    const { consumer, got } = await consume(await open(proxy.url()), ({ tag }, by) => by.ack(tag));
    for (const [index, id] of ids(25).entries()) {
      await isWaiting();
      proxy.cutAfter(1 + index * 50);
      await send(id);
      await waitUntil(`${id} has come`, () => got.some((delivery) => idOf(delivery) === id), 5000);
      proxy.cutAfter(Number.POSITIVE_INFINITY);
    }
    await isWaiting();
    expect(got.map(idOf)).toEqual(ids(25));
    expect(await redis.exists('celery', 'unacked')).toBe(0);
    expect(await claimed()).toEqual([]);
    await consumer.stop();
  }, 60_000);

  const loseConnection = (): void => {
    proxy.set({ kind: 'refuse' });
    proxy.reset();
  };

  test('acked while the connection is away, then flushed and stopped: that is written first', async () => {
    const { consumer, got } = await consume(await open(proxy.url()), loseConnection);
    await isWaiting();
    await send('a');
    await waitUntil('it has come', () => got.length === 1);
    await consumer.pause();
    consumer.ack(got[0]?.tag ?? '');
    setTimeout(() => proxy.set({ kind: 'none' }), 200);
    await consumer.flush();
    expect(await claimed()).toEqual([]);
    await consumer.stop();
    expect(await redis.exists('celery', 'unacked')).toBe(0);
  });

  test('its lease has lapsed before it was booked, and nobody else has it: it stays with its owner', async () => {
    const { consumer, got } = await consume(await open(proxy.url(), 1), () => {
      if (got.length === 1) loseConnection();
    });
    await isWaiting();
    await send('a');
    await waitUntil('it has come', () => got.length === 1);
    setTimeout(() => proxy.set({ kind: 'none' }), 1200);
    await waitUntil('it is booked', async () => (await redis.hlen('unacked')) === 1);
    await isWaiting();
    consumer.ack(got[0]?.tag ?? '');
    await consumer.flush();
    expect(await redis.exists('celery', 'unacked')).toBe(0);
    await consumer.stop();
  });

  test('stopped while the connection is away: it is back in its queue', async () => {
    const { consumer, got } = await consume(await open(proxy.url()), loseConnection);
    await isWaiting();
    await send('a');
    await waitUntil('it has come', () => got.length === 1);
    setTimeout(() => proxy.set({ kind: 'none' }), 200);
    await consumer.stop();
    expect(await claimed()).toEqual([]);
    expect(await redis.llen('celery')).toBe(1);
    expect(await redis.exists('unacked')).toBe(0);
  });

  test('stopped while one comes: it is handed over, or in its queue', async () => {
    const transport = await open();
    let taken = 0;
    for (const id of ids(60)) {
      const { consumer, got } = await consume(transport);
      await isWaiting();
      const sending = send(id);
      if (Math.random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
      await Promise.all([sending, consumer.stop()]);
      taken += got.length;
      const texts = await redis.lrange('celery', 0, -1);
      expect(texts.map((text) => JSON.parse(text).headers.id)).toEqual([id]);
      expect(await redis.exists('unacked', 'umbel.claims')).toBe(0);
      expect(await claimed()).toEqual([]);
      await redis.del('celery');
    }
    // Both ways have been gone.
    expect(taken).toBeLessThan(60);
  }, 60_000);
});
