import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import type { Delivery, Transport } from '../../lib/transport/transport.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { idOf, ids, taskMessage } from '../kit/messages.ts';
import { ROOT, TestProcess } from '../kit/process.ts';
import { PYTHON } from '../kit/python.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* Messages that one side's worker died with are brought back by the other side. */

describe.each(SERVERS)('kombu and Umbel on $name', ({ start }) => {
  let server: TestServer;
  let redis: Redis;

  const kombu = async (visibilityTimeout: number, command: string, queue = 'celery'): Promise<string[]> => {
    const peer = new TestProcess(PYTHON, [
      `${ROOT}test/integration/kombu_peer.py`,
      server.url(),
      String(visibilityTimeout),
      command,
      queue,
    ]);
    const code = await peer.ended();
    if (code !== 0) throw new Error(`kombu_peer.py ${command}: ${peer.output}`);
    return peer.output.trim().split('\n');
  };
  const open = async (transportOptions: Record<string, unknown>): Promise<Transport> => {
    const transport = openTransport(server.url(), { logger: silentLogger, transportOptions });
    await transport.start();
    return transport;
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
  });

  test('kombu brings back what a dead Umbel worker held', async () => {
    const transport = await open({});
    await Promise.all(
      ids(5).map((id) => transport.publish({ exchange: '', routingKey: 'celery' }, taskMessage(id))),
    );
    const worker = new TestProcess(process.execPath, [
      '--import',
      'jiti/register',
      `${ROOT}test/kit/consumer-process.ts`,
      server.url(),
      '60',
      'hold',
    ]);
    await worker.waitFor(/took 5/);
    await worker.stop('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await kombu(1, 'restore')).sort()).toEqual(ids(5).map((id) => `back ${id} True -`));
    expect(await redis.exists('unacked', 'unacked_index', 'celery')).toBe(0);
    await transport.stop();
  });

  test('Umbel brings back what a dead Python worker held, in its order', async () => {
    const transport = await open({ lease: 0.6, visibility_timeout: 1 });
    await kombu(60, 'send', 'mail');
    expect(await kombu(60, 'take', 'mail')).toEqual(['took py0 py1 py2 py3 py4']);
    expect(await redis.hlen('unacked')).toBe(5);
    const got: Delivery[] = [];
    const consumer = transport.createConsumer({
      queues: [{ name: 'mail' }],
      prefetch: 0,
      onDeliveries: (deliveries) => void got.push(...deliveries),
    });
    await consumer.start();
    await waitUntil('they are back', () => got.length === 5);
    expect(got.map(idOf)).toEqual(ids(5, 'py'));
    expect(got.every(({ message }) => message.properties.delivery_info?.redelivered)).toBe(true);
    expect(got[0]?.message.properties.priority).toBe(3);
    for (const { tag } of got) consumer.ack(tag);
    await transport.stop();
    expect(await redis.exists('unacked', 'unacked_index')).toBe(0);
  });

  test('kombu leaves alone what a living Umbel worker holds for longer than the visibility timeout', async () => {
    const transport = await open({ lease: 1 });
    await kombu(60, 'send');
    const got: Delivery[] = [];
    const consumer = transport.createConsumer({
      queues: [{ name: 'celery' }],
      prefetch: 0,
      onDeliveries: (deliveries) => void got.push(...deliveries),
    });
    await consumer.start();
    await waitUntil('all have come', () => got.length === 5);
    for (const { tag } of got.slice(2)) consumer.hold(tag);
    for (let sweep = 0; sweep < 3; sweep += 1) {
      await new Promise((resolve) => setTimeout(resolve, 900));
      expect(await kombu(1, 'sweep')).toEqual(['left 0']);
    }
    expect(got).toHaveLength(5);
    await transport.stop();
    expect(await redis.llen('celery\x06\x163')).toBe(5);
  });
});
