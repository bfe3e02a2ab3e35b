import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Broadcast, Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { Worker } from '../../lib/worker/worker.ts';
import type { TestProcess } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { RawRedis } from '../kit/raw-redis.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* Broadcast queues: every worker gets every message, whoever sends it. */

describe.each(SERVERS)('on $name', ({ start }) => {
  let server: TestServer;
  let urls: PythonUrls;
  let pyWorker: TestProcess;
  let redis: RawRedis;
  const got: string[] = [];
  const workers: Worker[] = [];
  const apps: Celery[] = [];

  function makeApp(): Celery {
    const app = new Celery(
      'broadcasts',
      {
        broker: server.url(0),
        backend: server.url(1),
        task_queues: [new Broadcast('bc')],
        task_routes: { 'py.append': { queue: 'bc' } },
        task_ignore_result: true,
      },
      silentLogger,
    );
    apps.push(app);
    return app;
  }

  async function startWorker(name: string): Promise<Worker> {
    const app = makeApp();
    app.task('py.append', (_path: string, text: string) => void got.push(`${name} ${text}`));
    const worker = new Worker(app, { logger: silentLogger, pool: 'solo', hostname: `${name}@test` });
    await worker.start();
    workers.push(worker);
    return worker;
  }

  beforeAll(async () => {
    server = await start();
    redis = await RawRedis.open(server.port);
    urls = { broker: server.url(0), backend: server.url(1), conf: { broadcast: 'bc' } };
    await startWorker('ts1');
    await startWorker('ts2');
    pyWorker = await pythonWorker(urls, ['-P', 'solo', '-n', 'py@test']);
  }, 60_000);

  afterAll(async () => {
    for (const worker of workers) await worker.stop();
    for (const app of apps) await app.close();
    await pyWorker.stop();
    redis.close();
    await server.stop();
  }, 60_000);

  test('what TypeScript sends reaches all workers, once each', async () => {
    await makeApp().sendTask('py.append', ['/dev/null', 'from-ts']);
    await waitUntil(
      'both workers ran it',
      () => got.filter((line) => line.endsWith('from-ts')).length >= 2,
      10_000,
    );
    await pyWorker.waitFor(/Task py\.append\[.*succeeded/);
    expect(got.filter((line) => line.endsWith('from-ts')).sort()).toEqual(['ts1 from-ts', 'ts2 from-ts']);
  });

  test('what Python sends reaches the TypeScript workers, once each', async () => {
    // Python's producer, which has not declared the exchange, takes it for a direct one and pushes to the bound lists.
    await python(urls, 'app.send_task("py.append", ("/dev/null", "from-py"), queue="bc").id');
    await waitUntil(
      'both workers ran it',
      () => got.filter((line) => line.endsWith('from-py')).length >= 2,
      10_000,
    );
    expect(got.filter((line) => line.endsWith('from-py')).sort()).toEqual(['ts1 from-py', 'ts2 from-py']);
  });

  test('a worker that stops takes its queue away', async () => {
    const worker = await startWorker('ts3');
    const [queue] = worker.settings.queues;
    const members = async (): Promise<string> => redis.call('SMEMBERS', '_kombu.binding.bc');
    expect(queue).toMatchObject({ alias: 'bc', name: expect.stringMatching(/^bcast\./) });
    expect(await members()).toContain(queue?.name);
    await worker.stop();
    expect(await members()).not.toContain(queue?.name);
    expect(await redis.call('EXISTS', queue?.name ?? '')).toBe(':0\r\n');
    expect(await redis.call('HKEYS', 'umbel.broadcasts')).not.toContain(queue?.name);
  });

  test('the queue of a worker that was killed is taken away by the next', async () => {
    const member = 'celery\u0006\u0016\u0006\u0016bcast.dead';
    await redis.call('SADD', '_kombu.binding.bc', member);
    await redis.call('LPUSH', 'bcast.dead', 'never read');
    await redis.call('HSET', 'umbel.broadcasts', JSON.stringify(['bc', 'celery', 'bcast.dead']), '1000');
    await startWorker('ts4');
    await waitUntil(
      'it is gone',
      async () => (await redis.call('EXISTS', 'bcast.dead')) === ':0\r\n',
      10_000,
    );
    expect(redis.call('SMEMBERS', '_kombu.binding.bc')).not.toContain('bcast.dead');
  });
});
