import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import type { ConsumerOptions, Delivery, Transport } from '../../lib/transport/transport.ts';
import { createLogger, silentLogger } from '../../lib/util/logger.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { idOf, ids, taskMessage } from '../kit/messages.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* A transport behind a proxy that misbehaves, and one beside it that sees the server as it is. */

let server: RedisServer;
let proxy: FaultProxy;
let redis: Redis;
let shaky: Transport;
let steady: Transport;
const others: Transport[] = [];
let dir: string;
let lines: string[];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'umbel-faults-'));
  server = await startRedis({ args: ['--appendonly', 'yes', '--dir', dir] });
  proxy = new FaultProxy(server.port);
  await proxy.start();
  redis = new Redis(server.port, { protocol: 2, maxRetriesPerRequest: null });
  redis.on('error', () => {});
  lines = [];
  const logger = createLogger({ level: 'WARNING', write: (line) => lines.push(line) });
  shaky = openTransport(proxy.url(), { logger });
  steady = openTransport(server.url(), { logger: silentLogger });
  await shaky.start();
  await steady.start();
});

afterEach(async () => {
  proxy.set({ kind: 'none' });
  await shaky.stop();
  await steady.stop();
  for (const transport of others.splice(0)) await transport.stop();
  await proxy.stop();
  redis.disconnect();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

const send = (id: string, on = steady, queue = 'celery'): Promise<void> =>
  on.publish({ exchange: '', routingKey: queue }, taskMessage(id));

/** A consumer that acks everything after a moment, and counts what it got. */
async function consumeAll(options: Partial<ConsumerOptions> = {}): Promise<{
  consumer: ReturnType<Transport['createConsumer']>;
  runs: Map<string, number>;
}> {
  const runs = new Map<string, number>();
  const consumer = shaky.createConsumer({
    queues: [{ name: 'celery' }],
    prefetch: 50,
    onDeliveries: (deliveries: readonly Delivery[]) => {
      for (const delivery of deliveries) {
        runs.set(idOf(delivery), (runs.get(idOf(delivery)) ?? 0) + 1);
        setTimeout(() => consumer.ack(delivery.tag), Math.random() * 4);
      }
    },
    ...options,
  });
  await consumer.start();
  return { consumer, runs };
}

const isEmpty = async (): Promise<boolean> => (await redis.exists('celery', 'unacked')) === 0;

describe('resets', () => {
  test('200 at random points of 10,000 messages lose none, stick none and double none', async () => {
    const { runs } = await consumeAll();
    const names = ids(10_000);
    let resets = 0;
    for (let first = 0; first < names.length; first += 50) {
      await Promise.all(names.slice(first, first + 50).map((id) => send(id)));
      await pause(Math.random() * 40);
      // Half of them in the middle of a frame.
      if (Math.random() < 0.5) proxy.reset();
      else proxy.cutAfter(Math.floor(Math.random() * 30_000));
      resets += 1;
    }
    proxy.cutAfter(Number.POSITIVE_INFINITY);
    await waitUntil(
      'all have run and are acked',
      async () => runs.size === 10_000 && (await isEmpty()),
      20_000,
    );
    expect(resets).toBe(200);
    // Acks are kept over a loss and a lost fetch is asked for again, so nothing needs to run twice.
    expect([...runs.values()].filter((count) => count > 1)).toHaveLength(0);
    await waitUntil('the connections are as many as before', () => proxy.connections === 3);
  }, 60_000);

  test('publishing through resets loses nothing that was acknowledged', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 16; round += 1) {
      const names = ids(50, `r${round}-`);
      const sending = names.map((id) => send(id, shaky).then(() => void acknowledged.push(id)));
      if (round % 2) proxy.reset();
      await Promise.allSettled(sending);
    }
    const texts = await redis.lrange('celery', 0, -1);
    const present = new Set(texts.map((text) => String(JSON.parse(text).headers.id)));
    expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
    expect(acknowledged.length).toBe(800);
  }, 30_000);

  test('what is settled without a connection is written when it is back', async () => {
    const got: Delivery[] = [];
    const { consumer } = await consumeAll({ onDeliveries: (deliveries) => void got.push(...deliveries) });
    await Promise.all(ids(10).map((id) => send(id)));
    await waitUntil('all have come', () => got.length === 10);
    proxy.set({ kind: 'refuse' });
    proxy.reset();
    await consumer.pause();
    for (const [index, { tag }] of got.entries()) {
      if (index < 5) consumer.ack(tag);
      else consumer.release(tag);
    }
    await pause(100);
    expect(await redis.hlen('unacked')).toBe(10);
    proxy.set({ kind: 'none' });
    await consumer.flush();
    expect(await redis.exists('unacked')).toBe(0);
    const texts = await redis.lrange('celery', 0, -1);
    expect(texts.map((text) => JSON.parse(text).headers.id).reverse()).toEqual(ids(10).slice(5));
  });

  test('tells when the connection goes and comes, and subscriptions live on', async () => {
    const story: string[] = [];
    await consumeAll({ onConnection: (state) => void story.push(state) });
    shaky.onReconnect(() => story.push('reconnected'));
    const heard: string[] = [];
    await shaky.subscribe('celeryev', '#', (message) => void heard.push(String(message.headers['id'])));
    proxy.reset();
    await waitUntil('it is back', () => story.length === 3);
    expect(story[0]).toBe('lost');
    expect(story.slice(1).sort()).toEqual(['reconnected', 'restored']);
    await steady.broadcast('celeryev', 'worker.online', taskMessage('hello'));
    await waitUntil('the broadcast is heard', () => heard.length === 1);
    expect(lines.some((line) => line.includes('lost'))).toBe(true);
    expect(lines.some((line) => line.includes('is back'))).toBe(true);
  });
});

describe('silence', () => {
  test('a half-open connection is found and replaced within 15 s', async () => {
    const { runs } = await consumeAll();
    proxy.set({ kind: 'stall' });
    await pause(50);
    await send('in the dark');
    const stalledAt = performance.now();
    await waitUntil('it is noticed', () => lines.some((line) => line.includes('lost')), 15_000);
    expect(performance.now() - stalledAt).toBeLessThan(15_000);
    proxy.set({ kind: 'none' });
    // The old connection on the server must not take anything any more.
    await waitUntil('the message has run', () => runs.size === 1);
    await waitUntil('and nothing is left', isEmpty);
  }, 30_000);

  test('a frozen server: publishing fails in time, consuming goes on afterwards', async () => {
    const { runs } = await consumeAll();
    process.kill(server.pid, 'SIGSTOP');
    const frozenAt = performance.now();
    await expect(send('refused', shaky)).rejects.toMatchObject({ code: 'unavailable' });
    expect(performance.now() - frozenAt).toBeLessThan(6000);
    await waitUntil('it is noticed', () => lines.some((line) => line.includes('lost')), 15_000);
    process.kill(server.pid, 'SIGCONT');
    await waitUntil('publishing works again', () =>
      send('after', shaky).then(
        () => true,
        () => false,
      ),
    );
    await waitUntil('the message has run', () => runs.has('after'));
  }, 40_000);
});

describe('the server itself', () => {
  test('ten restarts under load lose nothing, and work goes on within 3 s', async () => {
    const { runs } = await consumeAll();
    let count = 0;
    let slowest = 0;
    for (let restart = 0; restart < 10; restart += 1) {
      const sending = ids(100, `${restart}-`).map((id) => send(id));
      await Promise.all(sending);
      count += 100;
      await server.stop();
      await pause(50);
      await server.restart();
      const backAt = performance.now();
      await waitUntil('it consumes again', () => runs.size === count, 5000);
      slowest = Math.max(slowest, performance.now() - backAt);
    }
    expect(slowest).toBeLessThan(3000);
    await waitUntil('nothing is left', isEmpty);
  }, 60_000);

  test('FLUSHALL: new messages run at once', async () => {
    const { runs } = await consumeAll();
    await send('before');
    await waitUntil('it has run', () => runs.size === 1);
    await redis.flushall();
    await send('after');
    await waitUntil('it has run', () => runs.size === 2, 2000);
    expect([...runs.keys()]).toEqual(['before', 'after']);
  });

  test('out of memory: publishing says so, the worker drains, then publishing works again', async () => {
    await Promise.all(ids(200).map((id) => send(id)));
    await redis.config('SET', 'maxmemory', '1mb');
    await expect(send('refused')).rejects.toThrow(/OOM/);
    const { runs } = await consumeAll();
    await waitUntil('all have run', async () => runs.size === 200 && (await isEmpty()));
    await redis.config('SET', 'maxmemory', '0');
    await send('accepted');
    await waitUntil('it has run', () => runs.size === 201);
  });

  test('out of memory when an idle worker connects again: it drains all the same', async () => {
    const { runs } = await consumeAll();
    await waitUntil('it waits', async () => String(await redis.client('LIST')).includes('flags=b'));
    proxy.set({ kind: 'refuse' });
    proxy.reset();
    await Promise.all(ids(200).map((id) => send(id)));
    await redis.config('SET', 'maxmemory', '1mb');
    proxy.set({ kind: 'none' });
    await waitUntil('all have run', async () => runs.size === 200 && (await isEmpty()));
    expect(await redis.keys('umbel.claimed:*')).toEqual([]);
  });

  test('out of memory: a worker keeps what it holds, and the list of its waits', async () => {
    const held: string[] = [];
    const open = async (): Promise<void> => {
      const transport = openTransport(server.url(), { logger: silentLogger, transportOptions: { lease: 1 } });
      others.push(transport);
      await transport.start();
      const onDeliveries = (deliveries: readonly Delivery[]): unknown => held.push(...deliveries.map(idOf));
      await transport.createConsumer({ queues: [{ name: 'celery' }], prefetch: 5, onDeliveries }).start();
    };
    await open();
    await waitUntil('it waits', async () => (await redis.zcard('umbel.claims')) === 1);
    await send('a');
    await waitUntil('it is held', async () => (await redis.hlen('unacked')) === 1);
    await redis.config('SET', 'maxmemory', '1');
    await open();
    const [tag = ''] = await redis.zrange('unacked_index', 0, '0');
    const [list = ''] = await redis.zrange('umbel.claims', 0, '0');
    const [takenAt, waitedAt] = [
      await redis.zscore('unacked_index', tag),
      await redis.zscore('umbel.claims', list),
    ].map(Number);
    // Longer than a lease, its margin and a sweep.
    await pause(4500);
    expect(held).toEqual(['a']);
    expect(Number(await redis.zscore('unacked_index', tag))).toBeGreaterThan(Number(takenAt) + 3);
    expect(Number(await redis.zscore('umbel.claims', list))).toBeGreaterThan(Number(waitedAt) + 3);
    await redis.config('SET', 'maxmemory', '0');
  });

  test('scripts forgotten by the server are sent again', async () => {
    const { runs } = await consumeAll();
    await redis.script('FLUSH');
    await Promise.all(ids(20).map((id) => send(id)));
    await waitUntil('all have run', async () => runs.size === 20 && (await isEmpty()));
    expect([...runs.values()]).toEqual(ids(20).map(() => 1));
  });

  test('a read-only replica is left for the master', async () => {
    const { runs } = await consumeAll();
    await redis.call('REPLICAOF', '127.0.0.1', '1');
    await expect(send('refused', shaky)).rejects.toMatchObject({ code: 'unavailable' });
    await redis.call('REPLICAOF', 'NO', 'ONE');
    await waitUntil('publishing works again', () =>
      send('accepted', shaky).then(
        () => true,
        () => false,
      ),
    );
    await waitUntil('it has run', () => runs.has('accepted'));
  }, 30_000);

  test('a key of another type stops nothing for good', async () => {
    await redis.hset('other', 'a', '1');
    await send('taken');
    const { runs, consumer } = await consumeAll({ queues: [{ name: 'celery' }, { name: 'other' }] });
    await waitUntil('it is said', () => lines.some((line) => line.includes('WRONGTYPE')));
    expect(await redis.llen('celery')).toBe(1);
    consumer.cancelQueue('other');
    await waitUntil('the message has run', () => runs.size === 1);
  });

  test('no server: a clear error, without the password', async () => {
    const nobody = openTransport('redis://:secret@127.0.0.1:1/0', { logger: silentLogger });
    await expect(nobody.start()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^Cannot connect to redis:\/\/:\*+@127\.0\.0\.1:1\/0: .*ECONNREFUSED/),
    });
    await nobody.stop();
  });

  test('a wrong password: a clear error', async () => {
    await redis.config('SET', 'requirepass', 'right');
    const wrong = openTransport(server.url().replace('//', '//:wrong@'), { logger: silentLogger });
    await expect(wrong.start()).rejects.toThrow(/WRONGPASS/);
    await redis.config('SET', 'requirepass', '');
  });
});

describe('stopping', () => {
  test('200 times with a fetch under way, over a slow line, loses nothing', async () => {
    proxy.set({ kind: 'latency', ms: 2 });
    await Promise.all(ids(60).map((id) => send(id)));
    for (let round = 0; round < 200; round += 1) {
      const consumer = shaky.createConsumer({
        queues: [{ name: 'celery' }, { name: 'mail' }],
        prefetch: 9,
        onDeliveries: () => {},
      });
      await consumer.start();
      await pause(Math.random() * 6);
      await consumer.stop();
    }
    expect(await redis.exists('unacked')).toBe(0);
    const texts = await redis.lrange('celery', 0, -1);
    expect(texts.map((text) => JSON.parse(text).headers.id).reverse()).toEqual(ids(60));
  }, 60_000);

  test('500 prefetched messages are back in order within a second', async () => {
    await Promise.all(ids(550).map((id) => send(id)));
    const got: Delivery[] = [];
    const { consumer } = await consumeAll({ prefetch: 550, onDeliveries: (some) => void got.push(...some) });
    await waitUntil('all have come', () => got.length === 550);
    const stoppedAt = performance.now();
    await consumer.pause();
    for (const { tag } of got.slice(50)) consumer.release(tag);
    await consumer.flush();
    expect(performance.now() - stoppedAt).toBeLessThan(1000);
    for (const { tag } of got.slice(0, 50)) consumer.ack(tag);
    await consumer.stop();
    const texts = await redis.lrange('celery', 0, -1);
    expect(texts.map((text) => JSON.parse(text).headers.id).reverse()).toEqual(ids(550).slice(50));
    expect(await redis.exists('unacked')).toBe(0);
  });
});
