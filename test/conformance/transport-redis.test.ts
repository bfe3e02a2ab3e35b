import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WireMessage } from '../../lib/protocol/wire.ts';
import { openTransport } from '../../lib/transport/open.ts';
import { RedisTransport } from '../../lib/transport/redis/redis-transport.ts';
import type { ConsumerOptions, Delivery, Transport } from '../../lib/transport/transport.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { idOf, ids, taskMessage } from '../kit/messages.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

const SEP = '\x06\x16';

/* What is Redis's own: the keys that it shares with kombu, leases, priorities by list. The rest is in transport.test.ts. */

describe.each(SERVERS)('Redis transport on $name', ({ start }) => {
  let server: TestServer;
  let transport: Transport;
  let other: Transport;
  let redis: Redis;

  const open = async (options: Record<string, unknown> = {}): Promise<Transport> => {
    const opened = openTransport(server.url(), { logger: silentLogger, transportOptions: options });
    await opened.start();
    return opened;
  };
  const send = (queue: string, id: string, options: { priority?: number } = {}): Promise<void> =>
    transport.publish({ exchange: '', routingKey: queue }, taskMessage(id, options));
  const sendAll = (queue: string, names: readonly string[]): Promise<unknown> =>
    Promise.all(names.map((id) => send(queue, id)));

  const bind = async (on: Transport, ...binding: Parameters<RedisTransport['bind']>): Promise<void> => {
    if (on instanceof RedisTransport) await on.bind(...binding);
  };

  beforeAll(async () => {
    server = await start();
    redis = new Redis(server.port, { protocol: 2 });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    await redis.flushall();
    transport = await open();
    other = await open();
  });
  afterEach(async () => {
    await transport.stop();
    await other.stop();
  });

  /** A consumer that keeps what it gets. */
  const consume = async (
    options: Partial<ConsumerOptions> & { on?: Transport } = {},
  ): Promise<{ consumer: ReturnType<Transport['createConsumer']>; got: Delivery[] }> => {
    const got: Delivery[] = [];
    const { on = transport, ...rest } = options;
    const consumer = on.createConsumer({
      queues: [{ name: 'celery' }],
      prefetch: 0,
      onDeliveries: (deliveries) => got.push(...deliveries),
      ...rest,
    });
    await consumer.start();
    return { consumer, got };
  };

  test('delivers in the order of publishing and forgets what is acked', async () => {
    await sendAll('celery', ids(300));
    const { consumer, got } = await consume();
    await waitUntil('all have come', () => got.length === 300);
    expect(got.map(idOf)).toEqual(ids(300));
    expect(await redis.hlen('unacked')).toBe(300);
    expect(await redis.zcard('unacked_index')).toBe(300);
    for (const { tag } of got) consumer.ack(tag);
    await consumer.flush();
    expect(await redis.exists('unacked', 'unacked_index', 'celery')).toBe(0);
  });

  test('writes what kombu reads: list, binding and booking', async () => {
    await send('celery', 'a', { priority: 7 });
    expect(await redis.smembers('_kombu.binding.celery')).toEqual([`celery${SEP}${SEP}celery`]);
    const [text = ''] = await redis.lrange(`celery${SEP}6`, 0, -1);
    const envelope: Record<string, Record<string, unknown>> = JSON.parse(text);
    expect(envelope['properties']).toMatchObject({
      priority: 7,
      body_encoding: 'base64',
      delivery_info: { exchange: '', routing_key: 'celery' },
      delivery_tag: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const { got } = await consume();
    await waitUntil('it has come', () => got.length === 1);
    const [booked = ''] = await redis.hvals('unacked');
    expect(JSON.parse(booked)).toEqual([envelope, '', 'celery']);
  });

  test('takes the most urgent first, 0 before 9', async () => {
    for (const priority of [9, 0, 6, 3, 1, 8]) await send('celery', `p${priority}`, { priority });
    const { got } = await consume();
    await waitUntil('all have come', () => got.length === 6);
    expect(got.map(idOf)).toEqual(['p0', 'p1', 'p3', 'p6', 'p8', 'p9']);
  });

  test('holds no more than prefetch, held-back ones aside', async () => {
    await sendAll('celery', ids(30));
    const { consumer, got } = await consume({ prefetch: 4 });
    await waitUntil('four have come', () => got.length === 4);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(got).toHaveLength(4);
    consumer.hold(got[0]?.tag ?? '');
    await waitUntil('one for the held', () => got.length === 5);
    consumer.setPrefetch(6);
    await waitUntil('two for the larger prefetch', () => got.length === 7);
    consumer.ack(got[1]?.tag ?? '');
    await waitUntil('one for the acked', () => got.length === 8);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(got).toHaveLength(8);
    expect(await redis.hlen('unacked')).toBe(7);
  });

  test('releases to the front in the old order, requeues to the back, flagged and counted', async () => {
    await sendAll('celery', ids(6));
    const { consumer, got } = await consume({ prefetch: 4 });
    await waitUntil('four have come', () => got.length === 4);
    await consumer.pause();
    consumer.reject(got[1]?.tag ?? '', { requeue: true });
    for (const index of [0, 2, 3]) consumer.release(got[index]?.tag ?? '');
    await consumer.flush();
    const again = await consume({ on: other });
    await waitUntil('all have come again', () => again.got.length === 6);
    expect(again.got.map(idOf)).toEqual(['id0', 'id2', 'id3', 'id4', 'id5', 'id1']);
    const [first, , , fifth] = again.got;
    expect(first?.message.headers).toMatchObject({ redelivered: true, 'x-delivery-count': 1 });
    expect(first?.message.properties.delivery_info?.redelivered).toBe(true);
    expect(fifth?.message.headers['redelivered']).toBeUndefined();
  });

  test('a held message can be released, though its text is not kept here', async () => {
    await sendAll('celery', ids(3));
    const { consumer, got } = await consume();
    await waitUntil('all have come', () => got.length === 3);
    for (const { tag } of got) consumer.hold(tag);
    await consumer.pause();
    for (const { tag } of got) consumer.release(tag);
    await consumer.flush();
    const again = await consume({ on: other });
    await waitUntil('all have come again', () => again.got.length === 3);
    expect(again.got.map(idOf)).toEqual(ids(3));
  });

  test('what cannot be read is parked with a reason, and the rest goes on', async () => {
    await redis.lpush('celery', 'no JSON', '[]', '{"headers": 1', '{"body": 5, "properties": {}}');
    await send('celery', 'good');
    const parked: string[] = [];
    const { consumer, got } = await consume({ onParked: (reason) => parked.push(reason) });
    await waitUntil('the good one has come', () => got.length === 1);
    consumer.park(got[0]?.tag ?? '', 'no task of that name');
    await consumer.flush();
    const entries = (await redis.lrange('umbel.parked', 0, -1)).map((text): unknown => JSON.parse(text));
    expect(entries).toHaveLength(5);
    expect(entries).toContainEqual(
      expect.objectContaining({ queue: 'celery', reason: 'not a JSON object', message: 'no JSON' }),
    );
    expect(entries[0]).toMatchObject({
      queue: 'celery',
      reason: 'no task of that name',
      at: expect.stringMatching(/^20\d\d-.*Z$/),
      message: expect.stringMatching(/"id": ?"good"/),
    });
    expect(parked).toHaveLength(4);
    expect(parked).toContain('it is no JSON object: "no JSON"');
    expect(await redis.exists('unacked', 'unacked_index')).toBe(0);
  });

  test('a waiting consumer starts a message of any list without waiting its time out', async () => {
    const { consumer, got } = await consume({ queues: [{ name: 'celery' }, { name: 'mail' }] });
    const delays: number[] = [];
    for (const [index, [queue, priority]] of (
      [
        ['celery', 0],
        ['mail', 0],
        ['mail', 0],
        ['celery', 9],
        ['mail', 6],
        ['celery', 0],
        ['celery', 3],
        ['mail', 0],
      ] as const
    ).entries()) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      const sentAt = performance.now();
      await send(queue, `w${index}`, { priority });
      await waitUntil('it has come', () => got.length === index + 1);
      delays.push(performance.now() - sentAt);
      consumer.ack(got[index]?.tag ?? '');
    }
    // A list that does not wake it is looked at after a second. One delay may be the machine's.
    const [, second = 0] = delays.sort((a, b) => b - a);
    expect(second).toBeLessThan(500);
  });

  test('a key of another type fails the fetch before anything is taken', async () => {
    await redis.hset('other', 'a', '1');
    await sendAll('celery', ids(3));
    const { consumer, got } = await consume({ queues: [{ name: 'celery' }, { name: 'other' }] });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(got).toEqual([]);
    expect(await redis.llen('celery')).toBe(3);
    consumer.cancelQueue('other');
    await waitUntil('all have come', () => got.length === 3);
  });

  test('stopping while a fetch is under way loses nothing', async () => {
    await sendAll('celery', ids(100));
    const seen = new Set<string>();
    for (let round = 0; round < 50; round += 1) {
      const { consumer, got } = await consume({ prefetch: 7, on: round % 2 ? transport : other });
      if (round % 3) await new Promise((resolve) => setImmediate(resolve));
      await consumer.stop();
      for (const delivery of got) seen.add(idOf(delivery));
      expect(await redis.exists('unacked')).toBe(0);
      expect(await redis.llen('celery')).toBe(100);
    }
    const texts = await redis.lrange('celery', 0, -1);
    const left = texts.map((text) => String(JSON.parse(text).headers.id)).reverse();
    expect(left).toEqual(ids(100));
  });

  test('routes by the binding sets of direct and topic exchanges', async () => {
    await bind(transport, 'orders', 'new', '', 'fresh');
    await bind(transport, 'orders', 'a.*.b.#', '^a\\..*?[^\\.]\\.b\\..*?$', 'topical');
    await transport.publish({ exchange: 'orders', routingKey: 'new' }, taskMessage('direct'));
    await transport.publish({ exchange: 'orders', routingKey: 'a.x.b.c.d' }, taskMessage('topic'));
    await expect(
      transport.publish({ exchange: 'orders', routingKey: 'other' }, taskMessage('lost')),
    ).rejects.toThrow(/No queue is bound to exchange "orders"/);
    expect(await redis.llen('fresh')).toBe(1);
    expect(await redis.llen('topical')).toBe(1);
    await redis.del('_kombu.binding.orders');
    await transport.publish({ exchange: 'orders', routingKey: 'new' }, taskMessage('after eviction'));
    expect(await redis.llen('fresh')).toBe(2);
  });

  test('broadcasts to whoever listens, by routing key', async () => {
    const all: string[] = [];
    const some: string[] = [];
    const note = (list: string[]) => (message: WireMessage, routingKey: string) =>
      void list.push(`${routingKey} ${String(message.headers['id'])}`);
    const subscription = await other.subscribe('celeryev', '#', note(all));
    await other.subscribe('celeryev', 'worker.#', note(some));
    await transport.broadcast('celeryev', 'worker.online', taskMessage('1'));
    await transport.broadcast('celeryev', 'task.multi', taskMessage('2'));
    await redis.publish('/0.celeryev/task.multi', 'no JSON');
    await transport.broadcast('celeryev', '', taskMessage('3'));
    await waitUntil('all have come', () => all.length === 3);
    expect(all).toEqual(['worker.online 1', 'task.multi 2', ' 3']);
    expect(some).toEqual(['worker.online 1']);
    await subscription.close();
    await transport.broadcast('celeryev', 'worker.online', taskMessage('4'));
    await waitUntil('the other subscription lives', () => some.length === 2);
    expect(all).toHaveLength(3);
  });

  test('a fanout queue gets what is broadcast, and what Python pushes to it', async () => {
    const queue = { name: 'bcast.1', exchange: 'bc', exchangeType: 'fanout', routingKey: 'celery' } as const;
    const { consumer, got } = await consume({ queues: [{ name: 'celery' }, queue] });
    await other.broadcast('bc', 'celery', taskMessage('sent'));
    await waitUntil('the broadcast has come', () => got.length === 1);
    await other.publish({ exchange: 'bc', routingKey: 'celery' }, taskMessage('pushed'));
    await waitUntil('the pushed one has come', () => got.length === 2);
    expect(got.map((delivery) => [delivery.queue, idOf(delivery)])).toEqual([
      ['bcast.1', 'sent'],
      ['bcast.1', 'pushed'],
    ]);
    for (const { tag } of got) consumer.ack(tag);
    await consumer.stop();
    expect(await redis.exists('_kombu.binding.bc', 'bcast.1')).toBe(0);
  });

  test('a reply queue gets replies, and leaves nothing without expiry behind', async () => {
    const replies: string[] = [];
    const queue = await transport.openReplyQueue('reply.celery.pidbox', (message) =>
      replies.push(String(message.headers['id'])),
    );
    await other.publish({ exchange: queue.exchange, routingKey: queue.routingKey }, taskMessage('r1'));
    await waitUntil('the reply has come', () => replies.length === 1);
    expect(await redis.ttl('_kombu.binding.reply.celery.pidbox')).toBeGreaterThan(0);
    const list = `${queue.routingKey}.reply.celery.pidbox`;
    await bind(other, 'reply.celery.pidbox', 'gone', '', 'gone.reply.celery.pidbox');
    await other.publish({ exchange: queue.exchange, routingKey: 'gone' }, taskMessage('r2'));
    expect(await redis.ttl('gone.reply.celery.pidbox')).toBeGreaterThan(0);
    await queue.close();
    expect(await redis.exists(list)).toBe(0);
    expect(await redis.smembers('_kombu.binding.reply.celery.pidbox')).toEqual([
      `gone${SEP}${SEP}gone.reply.celery.pidbox`,
    ]);
  });

  test('names, measures and purges queues', async () => {
    await sendAll('celery', ids(3));
    await send('celery', 'p', { priority: 9 });
    await send('mail', 'm');
    await bind(transport, 'celery.pidbox', '', '', 'w1@host.celery.pidbox');
    expect(await transport.listQueues()).toEqual(['celery', 'mail']);
    expect(await transport.sampleQueues(['celery', 'mail', 'none'])).toEqual([
      { name: 'celery', messages: 4, unacked: 0 },
      { name: 'mail', messages: 1, unacked: 0 },
      { name: 'none', messages: 0, unacked: 0 },
    ]);
    expect(await transport.purge('celery')).toBe(4);
    expect(await transport.purge('celery')).toBe(0);
  });

  test('two that bring back orphans of a topic at once put one copy into each of its queues', async () => {
    await bind(transport, 'news', 'a.*', '^a\\..*?[^\\.]$', 'first');
    await bind(transport, 'news', '#', '^.*?$', 'second');
    for (const id of ids(40)) {
      const text = JSON.stringify({ body: '', headers: { id }, properties: { delivery_tag: id } });
      await redis.hset('unacked', id, `[${text}, "news", "a.b"]`);
      await redis.zadd('unacked_index', 1, id);
    }
    const sweepers = await Promise.all(
      [transport, other].map((on) => consume({ on, queues: [{ name: 'idle' }] })),
    );
    await waitUntil('all are back', async () => (await redis.hlen('unacked')) === 0);
    await Promise.all(sweepers.map(({ consumer }) => consumer.stop()));
    expect(await redis.llen('first')).toBe(40);
    expect(await redis.llen('second')).toBe(40);
  });

  test('tells what is unacked, by queue', async () => {
    const unacked = async (): Promise<unknown[]> => {
      const samples = await transport.sampleQueues(['celery', 'mail', 'none']);
      return samples.map((sample) => sample.unacked);
    };
    await sendAll('celery', ids(3));
    await sendAll('mail', ids(2, 'm'));
    const { consumer, got } = await consume({ queues: [{ name: 'celery' }, { name: 'mail' }] });
    await waitUntil('all have come', () => got.length === 5);
    expect(await unacked()).toEqual([3, 2, 0]);
    consumer.ack(got.find(({ queue }) => queue === 'celery')?.tag ?? '');
    await consumer.flush();
    expect(await unacked()).toEqual([2, 2, 0]);
    // kombu books under the exchange that led to the queue.
    await bind(transport, 'news', 'post', '', 'mail');
    for (const queue of ['celery', 'mail']) await bind(transport, 'both', 'x', '', queue);
    await redis.hset('unacked', { k1: '[{"body": ""}, "news", "post"]', k2: '[{"body": ""}, "both", "x"]' });
    expect(await unacked()).toEqual([2, 3, 0]);
    await redis.hset('unacked', { large: `[{"body": "${'x'.repeat(1_000_000)}"}, "", "celery"]` });
    const [celery] = await transport.sampleQueues(['celery']);
    expect(celery?.unacked === null || celery?.isEstimate === true).toBe(true);
  });

  test('tells about how much is unacked when it is very much', async () => {
    const booking = (queue: string): string => `[{"body": "x"}, "", "${queue}"]`;
    const many = ids(6000).map((tag, index) => [tag, booking(index % 3 === 0 ? 'mail' : 'celery')]);
    await redis.hset('unacked', Object.fromEntries(many));
    const [celery, mail] = await transport.sampleQueues(['celery', 'mail']);
    expect([celery?.isEstimate, mail?.isEstimate]).toEqual([true, true]);
    // Of 200 drawn a third is 67, give or take 7: five times that is never seen.
    expect(Math.abs((mail?.unacked ?? 0) - 2000)).toBeLessThan(1000);
    expect((celery?.unacked ?? 0) + (mail?.unacked ?? 0)).toBe(6000);
  });

  test('keeps to the global prefix and to its database', async () => {
    const prefixed = await open({ global_keyprefix: 'app:' });
    await prefixed.publish({ exchange: '', routingKey: 'celery' }, taskMessage('a', { priority: 3 }));
    expect((await redis.keys('*')).sort()).toEqual(['app:_kombu.binding.celery', `app:celery${SEP}3`]);
    const { got } = await consume({ on: prefixed });
    await waitUntil('it has come', () => got.length === 1);
    expect((await redis.keys('*unacked*')).sort()).toEqual(['app:unacked', 'app:unacked_index']);
    expect(await prefixed.listQueues()).toEqual(['celery']);
    await prefixed.stop();
    expect((await redis.keys('*')).sort()).toEqual(['app:_kombu.binding.celery', `app:celery${SEP}3`]);
  });

  test('leases: what a worker dies with comes back, what it holds on to does not', async () => {
    const proxy = new FaultProxy(server.port);
    await proxy.start();
    const options = { lease: 0.6 };
    const dying = openTransport(proxy.url(), { logger: silentLogger, transportOptions: options });
    await dying.start();
    const living = await open(options);
    await sendAll('celery', ids(3));
    const { got: lost } = await consume({ on: dying });
    await waitUntil('the first worker has them', () => lost.length === 3);
    await send('slow', 'long');
    const { got: kept } = await consume({ on: living, queues: [{ name: 'slow' }] });
    await waitUntil('the second worker has its own', () => kept.length === 1);
    // The first worker is cut off for good, as if its process had been killed.
    proxy.set({ kind: 'refuse' });
    proxy.reset();
    const { consumer, got } = await consume({ on: living });
    await waitUntil('they have come back', () => got.length === 3, 4000);
    expect(got.map(idOf)).toEqual(ids(3));
    expect(got[0]?.message.headers).toMatchObject({ redelivered: true, 'x-delivery-count': 1 });
    expect(kept).toHaveLength(1);
    for (const { tag } of got) consumer.ack(tag);
    await consumer.flush();
    await living.stop();
    proxy.set({ kind: 'none' });
    await dying.stop();
    await proxy.stop();
    expect(await redis.exists('celery', 'unacked')).toBe(0);
  });

  test('brings back what a dead Python worker held, by its visibility timeout', async () => {
    const sweeping = await open({ lease: 0.4, visibility_timeout: 1 });
    await send('mail', 'py', { priority: 6 });
    const [text = ''] = await redis.lrange(`mail${SEP}6`, 0, -1);
    await redis.del(`mail${SEP}6`);
    await redis.hset('unacked', 'tag-1', `[${text}, "", "mail"]`, 'tag-2', 'rubbish');
    const now = Date.now() / 1000;
    await redis.zadd('unacked_index', now - 0.5, 'tag-1', now - 0.5, 'tag-2', now - 5, 'tag-3');
    const { got } = await consume({ on: sweeping, queues: [{ name: 'mail' }] });
    await waitUntil('it is back', () => got.length === 1, 4000);
    expect(got.map(idOf)).toEqual(['py']);
    expect(got[0]?.message.headers['redelivered']).toBe(true);
    await waitUntil('the others are gone', async () => (await redis.zcard('unacked_index')) === 1);
    expect(await redis.lrange('umbel.parked', 0, -1)).toEqual([
      expect.stringContaining('its unacked entry cannot be read'),
    ]);
    await sweeping.stop();
  });
});
