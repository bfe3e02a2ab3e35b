import { afterAll, beforeAll, expect, it } from 'vitest';
import { EventDispatcher } from '../../../lib/events/dispatcher.ts';
import { EventReceiver } from '../../../lib/events/receiver.ts';
import { openTransport } from '../../../lib/transport/open.ts';
import type { Transport } from '../../../lib/transport/transport.ts';
import { LamportClock } from '../../../lib/util/clock.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { type RedisServer, startRedis } from '../../kit/redis-server.ts';
import { waitUntil } from '../../kit/wait-until.ts';

let redis: RedisServer;
let transport: Transport;

beforeAll(async () => {
  redis = await startRedis();
  transport = openTransport(redis.url(0), { logger: silentLogger });
  await transport.start();
});
afterAll(async () => {
  await transport.stop();
  await redis.stop();
});

it('an event that cannot be written is dropped and counted, and the others are sent', async () => {
  const heard: unknown[] = [];
  const receiver = new EventReceiver({
    transport,
    onEvents: (events) => void heard.push(...events.map((event) => event['step'])),
  });
  await receiver.start();
  const dispatcher = new EventDispatcher({
    transport,
    hostname: 'w@host',
    clock: new LamportClock(),
    groups: ['task', 'worker'],
  });
  dispatcher.send('task-progress', { step: 1 });
  dispatcher.send('task-progress', { step: () => 2 });
  dispatcher.send('task-progress', { step: 3 });
  dispatcher.send('worker-odd', { step: new Map() });
  await dispatcher.flush();
  await waitUntil('the others have come', () => heard.length === 2);
  expect(heard).toEqual([1, 3]);
  expect(dispatcher.dropped).toBe(2);
  await receiver.stop();
});
