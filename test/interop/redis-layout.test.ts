import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EventReceiver } from '../../lib/events/receiver.ts';
import { Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import type { TestProcess } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* Options of kombu's Redis transport that say how keys and channels are called: both sides have the same ones. */

const CONF = {
  broker_transport_options: {
    // kombu reads only such as begin with a slash and end with their first dot.
    fanout_prefix: '/own{db}.',
    fanout_patterns: false,
    sep: ':',
    priority_steps: [0, 5],
    unacked_key: 'held',
    unacked_index_key: 'held_index',
  },
};

let redis: RedisServer;
let reader: Redis;
let urls: PythonUrls;
let app: Celery;
let ours: LocalWorker;
let theirs: TestProcess;
let endNap: (() => void) | null = null;

beforeAll(async () => {
  redis = await startRedis();
  reader = new Redis(redis.port);
  urls = { broker: redis.url(0), backend: redis.url(1), conf: CONF };
  app = new Celery('client', { broker: urls.broker, backend: urls.backend, ...CONF }, silentLogger);
  app.task(
    'ts.nap',
    { acksLate: true },
    () =>
      new Promise<string>((resolve) => {
        endNap = () => resolve('rested');
      }),
  );
  theirs = await pythonWorker({ ...urls, queue: 'py' }, ['-n', 'py@layout', '-E']);
  ours = await new LocalWorker(app, { hostname: 'ts@layout', queues: ['ts'] }).start();
}, 60_000);
afterAll(async () => {
  await theirs.stop('SIGKILL');
  await ours.stop();
  await app.close();
  reader.disconnect();
  await redis.stop();
});

/** Says whether the heartbeats of our worker reach Python. */
const PYTHON_LISTENS = `
import socket
class Heard(Exception): pass
def note(event):
    if event['hostname'] == 'ts@layout': raise Heard
def listen():
    with app.connection_for_read() as connection:
        try: app.events.Receiver(connection, handlers={'worker-heartbeat': note}).capture(limit=None, timeout=10, wakeup=False)
        except Heard: return True
        except socket.timeout: return False
listen()`;

test('remote control and events cross the channels of fanout_prefix', async () => {
  const names = (replies: unknown): string[] => (replies as object[]).flatMap(Object.keys).sort();
  expect(names(await app.control.ping({ timeout: 3 }))).toEqual(['py@layout', 'ts@layout']);
  const asked = [python(urls, 'app.control.ping(timeout=3)'), python(urls, PYTHON_LISTENS)];
  const [replies, isHeard] = await Promise.all(asked);
  expect(names(replies)).toEqual(['py@layout', 'ts@layout']);
  expect(isHeard).toBe(true);
  const heard: string[] = [];
  const receiver = new EventReceiver({
    transport: await app.transport(),
    onEvents: (events) => heard.push(...events.map(({ type, hostname }) => `${type} of ${hostname}`)),
  });
  await receiver.start();
  expect(await (await app.sendTask('py.add', [1, 2], { queue: 'py' })).get({ timeout: 10 })).toBe(3);
  await waitUntil('its events', () => heard.includes('task-succeeded of py@layout'), 10_000);
  await receiver.stop();
  const other = new Celery('other', { broker: urls.broker }, silentLogger);
  expect(await other.control.ping({ timeout: 0.5 })).toEqual([]);
  await other.close();
}, 30_000);

test('priorities have the lists of sep and priority_steps', async () => {
  for (const priority of [4, 5, 9]) await app.sendTask('no.one', [], { queue: 'unread', priority });
  await python(urls, "app.send_task('no.one', queue='unread', priority=7).id");
  expect([await reader.llen('unread'), await reader.llen('unread:5')]).toEqual([1, 3]);
});

test('what a worker holds is under unacked_key', async () => {
  const nap = await app.sendTask('ts.nap', [], { queue: 'ts' });
  await ours.logged(/Task ts\.nap\[.*\] received/);
  await waitUntil('it is booked', async () => (await reader.hlen('held')) === 1);
  expect(await reader.zcard('held_index')).toBe(1);
  expect(await reader.exists('unacked', 'unacked_index')).toBe(0);
  await waitUntil('it runs', () => endNap !== null);
  endNap?.();
  expect(await nap.get({ timeout: 10 })).toBe('rested');
  await waitUntil('it is settled', async () => (await reader.hlen('held')) === 0);
});
