import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { openTransport } from '../../lib/transport/open.ts';
import type { Transport } from '../../lib/transport/transport.ts';
import { createLogger } from '../../lib/util/logger.ts';
import { freePort } from '../kit/free-port.ts';
import { idOf, taskMessage } from '../kit/messages.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* `redis://a;redis://b`, as kombu's failover lists. */

let first: RedisServer;
let second: RedisServer;
const log: string[] = [];
const logger = createLogger({ write: (line) => log.push(line) });

beforeEach(async () => {
  log.length = 0;
  [first, second] = await Promise.all([startRedis(), startRedis()]);
});
afterEach(async () => {
  await first.stop();
  await second.stop();
});

/** Consumes from the list of both; the transport stops the consumer. */
async function consumeBoth(): Promise<{ transport: Transport; got: string[] }> {
  const transport = openTransport(`${first.url()};${second.url()}`, { logger });
  await transport.start();
  const got: string[] = [];
  const consumer = transport.createConsumer({
    queues: [{ name: 'celery' }],
    prefetch: 0,
    onDeliveries: (deliveries) => {
      for (const delivery of deliveries) consumer.ack(delivery.tag);
      got.push(...deliveries.map(idOf));
    },
  });
  await consumer.start();
  return { transport, got };
}

test('goes to the second server when the first dies, and back when that one dies', async () => {
  const { transport, got } = await consumeBoth();
  const send = (id: string): Promise<void> =>
    transport.publish({ exchange: '', routingKey: 'celery' }, taskMessage(id));
  await send('1');
  await waitUntil('the first server has given it', () => got.includes('1'));
  await first.kill();
  await send('2');
  await waitUntil('the second server has given it', () => got.includes('2'));
  expect(transport.displayUrl).toBe(second.url());
  await first.restart();
  await second.kill();
  await send('3');
  await waitUntil('the first server has given it', () => got.includes('3'));
  await transport.stop();
});

test('leaves a server that has become a replica for the one that is the master now', async () => {
  const admins = [first, second].map(({ port }) => new Redis(port, { protocol: 2 }));
  for (const admin of admins) admin.on('error', () => {});
  const [onFirst, onSecond] = admins;
  await onSecond?.replicaof('127.0.0.1', first.port);
  const { transport, got } = await consumeBoth();
  await onSecond?.replicaof('NO', 'ONE');
  await onFirst?.replicaof('127.0.0.1', second.port);
  await transport.publish({ exchange: '', routingKey: 'celery' }, taskMessage('1'));
  await waitUntil('it has come', () => got.includes('1'));
  expect(transport.displayUrl).toBe(second.url());
  await transport.stop();
  for (const admin of admins) admin.disconnect();
});

test('begins with whichever answers; a list, spaces and a trailing semicolon are read', async () => {
  const dead = `redis://127.0.0.1:${await freePort()}/0`;
  for (const broker of [[dead, second.url()], ` ${dead} ; ${second.url()} ;`]) {
    const app = new Celery('failover', { broker }, logger);
    await app.sendTask('tests.any');
    await app.close();
  }
  const transport = openTransport(second.url(), { logger });
  await transport.start();
  expect(await transport.sampleQueues(['celery'])).toMatchObject([{ messages: 2 }]);
  await transport.stop();
});

test('says of each server why it cannot be used, and hides passwords', async () => {
  const ports = [await freePort(), await freePort()];
  const urls = ports.map((port) => `redis://:secret-word@127.0.0.1:${port}/0`);
  const transport = openTransport(urls.join(';'), { logger });
  const failure = await transport.start().catch((error: unknown) => String(error));
  for (const port of ports) expect(failure).toContain(`redis://:********@127.0.0.1:${port}/0: `);
  expect(failure).not.toContain('secret-word');
  await transport.stop();
});

test('refuses lists that cannot work', () => {
  const open = (url: string) => () => openTransport(url, { logger });
  expect(open('redis://a/0;redis://b/1')).toThrow(/must be plain Redis servers and name the same database/);
  expect(open('redis://a/0;sentinel://b/0')).toThrow(/must be plain Redis servers/);
  expect(open('redis://a/0;amqp://b')).toThrow(/must begin with redis:/);
  expect(() => new Celery('a', { broker: [] })).toThrow(
    'broker_url must be a URL or a list of URLs, not [].',
  );
});
