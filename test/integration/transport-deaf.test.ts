import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import type { Transport } from '../../lib/transport/transport.ts';
import { createLogger } from '../../lib/util/logger.ts';
import { idOf, taskMessage } from '../kit/messages.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

let redis: RedisServer;
let transport: Transport;
const log: string[] = [];

beforeEach(async () => {
  // Only the watchdogs' clock: everything else takes its time.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  log.length = 0;
  redis = await startRedis();
  transport = openTransport(redis.url(), { logger: createLogger({ write: (line) => log.push(line) }) });
  await transport.start();
});
afterEach(async () => {
  await transport.stop();
  await redis.stop();
  vi.useRealTimers();
});

test('a consumer that rests although there is room connects again and goes on', async () => {
  let room = 0;
  const got: string[] = [];
  const consumer = transport.createConsumer({
    queues: [{ name: 'celery' }],
    prefetch: 0,
    room: () => room,
    onDeliveries: (deliveries) => got.push(...deliveries.map(idOf)),
  });
  await consumer.start();
  await transport.publish({ exchange: '', routingKey: 'celery' }, taskMessage('a'));
  // Nobody tells the consumer of the room: the wake-up that should follow was lost.
  room = 10;
  await vi.advanceTimersByTimeAsync(8_000);
  expect(got).toEqual([]);
  await vi.advanceTimersByTimeAsync(6_000);
  await waitUntil('the message has come', () => got.length === 1);
  expect(log.join('\n')).toMatch(/no message was looked for in 12 s although there is room/);
  await consumer.stop();
});

test('a consumer without room, or paused, is left alone', async () => {
  let room = 0;
  const consumer = transport.createConsumer({
    queues: [{ name: 'celery' }],
    prefetch: 0,
    room: () => room,
    onDeliveries: () => {},
  });
  await consumer.start();
  await vi.advanceTimersByTimeAsync(30_000);
  await consumer.pause();
  room = 10;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(log).toEqual([]);
  await consumer.stop();
});
