import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Celery, type CeleryConfig } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { freePort } from '../kit/free-port.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/* `task_publish_retry`, `task_publish_retry_policy`, and `retry` and `retryPolicy` of a call. */

const apps: Celery[] = [];
let redis: RedisServer | null = null;
let deaf: Server | null = null;

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await redis?.stop();
  redis = null;
  deaf?.close();
  deaf = null;
});

function appAt(port: number, settings: CeleryConfig = {}): Celery {
  const app = new Celery('retries', { broker: `redis://127.0.0.1:${port}/0`, ...settings }, silentLogger);
  apps.push(app);
  return app;
}

const OFTEN = { max_retries: 200, interval_start: 0.05, interval_step: 0, interval_max: 0.05 };
const NEVER_LONG = { intervalStart: 0, intervalStep: 0 };

describe('while the broker cannot be reached', () => {
  test.each([
    ['the settings', { task_publish_retry_policy: OFTEN }, {}],
    [
      'its options',
      { task_publish_retry: false },
      { retry: true, retryPolicy: { maxRetries: 200, intervalStart: 0.05, intervalMax: 0.05 } },
    ],
  ])('a call waits for it: %s say so', async (_who, settings, options) => {
    const port = await freePort();
    const app = appAt(port, settings);
    const sending = app.sendTask('a.b', [], options);
    await new Promise((resolve) => setTimeout(resolve, 300));
    redis = await startRedis({ port });
    await sending;
    expect(await (await app.transport()).sampleQueues(['celery'])).toMatchObject([{ messages: 1 }]);
  });

  test.each([
    ['task_publish_retry_policy', { task_publish_retry_policy: { ...NEVER_LONG, maxRetries: 2 } }, {}, 3],
    ['retryPolicy', {}, { retryPolicy: { ...NEVER_LONG, maxRetries: 4 } }, 5],
    [
      'retryPolicy beside the settings',
      { task_publish_retry_policy: { ...NEVER_LONG, maxRetries: 9 } },
      { retryPolicy: { maxRetries: 1 } },
      2,
    ],
    ['retry: false', {}, { retry: false }, 1],
    ['task_publish_retry: false', { task_publish_retry: false }, {}, 1],
  ])('a call is given up after as many attempts as %s says', async (_name, settings, options, attempts) => {
    let connections = 0;
    deaf = createServer((socket) => {
      connections += 1;
      socket.resetAndDestroy();
    });
    await new Promise<void>((resolve) => deaf?.listen(0, '127.0.0.1', resolve));
    const address = deaf.address();
    const app = appAt(address !== null && typeof address === 'object' ? address.port : 0, settings);
    await expect(app.sendTask('a.b', [], options)).rejects.toMatchObject({ code: 'unavailable' });
    expect(connections).toBe(attempts);
  });
});

test('once connected, a message waits for a lost broker as task_publish_retry_policy says', async () => {
  redis = await startRedis();
  const short = { broker_connection_timeout: 0.2 };
  const hasty = [
    appAt(redis.port, {
      ...short,
      task_publish_retry: false,
      task_publish_retry_policy: { max_retries: null },
    }),
    appAt(redis.port, { ...short, task_publish_retry_policy: { max_retries: 1, interval_start: 0.1 } }),
  ];
  const patient = appAt(redis.port, { ...short, task_publish_retry_policy: { max_retries: null } });
  for (const app of [...hasty, patient]) await app.sendTask('a.b');
  await redis.kill();
  let isSent = false;
  const waiting = patient.sendTask('a.b').then(() => {
    isSent = true;
  });
  for (const app of hasty) {
    await expect(app.sendTask('a.b')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^Cannot publish to celery at redis:/),
    });
  }
  expect(isSent).toBe(false);
  await redis.restart();
  await waiting;
});
