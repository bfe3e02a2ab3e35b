import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Broadcast, Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { Worker } from '../../lib/worker/worker.ts';
import { BROKERS, type TestBroker } from '../kit/brokers.ts';
import { taskMessage } from '../kit/messages.ts';
import type { TestProcess } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { RawRedis } from '../kit/raw-redis.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* Broadcast queues: every worker gets every message, whoever sends it. */

describe.each(BROKERS)('on $name', ({ name, start }) => {
  let broker: TestBroker;
  let urls: PythonUrls;
  let pyWorker: TestProcess;
  /** Not on RabbitMQ. */
  let redis: RawRedis;
  const got: string[] = [];
  const workers: Worker[] = [];
  const apps: Celery[] = [];

  function makeApp(): Celery {
    const app = new Celery(
      'broadcasts',
      {
        broker: broker.url(),
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
    broker = await start();
    if (name !== 'RabbitMQ') redis = await RawRedis.open(broker.port);
    urls = { broker: broker.url(), backend: 'cache+memory://', conf: { broadcast: 'bc' } };
    await startWorker('ts1');
    await startWorker('ts2');
    pyWorker = await pythonWorker(urls, ['-P', 'solo', '-n', 'py@test']);
  }, 120_000);

  afterAll(async () => {
    for (const worker of workers) await worker.stop();
    for (const app of apps) await app.close();
    await pyWorker.stop();
    redis?.close();
    await broker.stop();
  }, 60_000);

  const ours = (text: string): string[] => got.filter((line) => line.endsWith(` ${text}`)).sort();

  test('what TypeScript sends reaches all workers, once each', async () => {
    await makeApp().sendTask('py.append', ['/dev/null', 'from-ts']);
    await waitUntil('both workers ran it', () => ours('from-ts').length >= 2, 10_000);
    await pyWorker.waitFor(/succeeded in \S+ 'from-ts'/);
    expect(ours('from-ts')).toEqual(['ts1 from-ts', 'ts2 from-ts']);
    expect(pyWorker.output.match(/succeeded in \S+ 'from-ts'/g)).toHaveLength(1);
  });

  test('what Python sends reaches the TypeScript workers, once each', async () => {
    await python(urls, 'app.send_task("py.append", ("/dev/null", "from-py"), queue="bc").id');
    await waitUntil('both workers ran it', () => ours('from-py').length >= 2, 10_000);
    expect(ours('from-py')).toEqual(['ts1 from-py', 'ts2 from-py']);
    // On Redis a producer of Python's that has not declared the exchange takes it for a direct one: it pushes to the
    // bound lists, and Python's workers do not read those.
    if (name !== 'RabbitMQ') return;
    await pyWorker.waitFor(/succeeded in \S+ 'from-py'/);
    expect(pyWorker.output.match(/succeeded in \S+ 'from-py'/g)).toHaveLength(1);
  });

  if (name === 'RabbitMQ') {
    test('a worker that stops takes its queue away', async () => {
      const worker = await startWorker('ts3');
      const [queue] = worker.settings.queues;
      const transport = await makeApp().transport();
      const toQueue = { exchange: '', routingKey: queue?.name ?? '', isReply: true };
      await transport.publish(toQueue, taskMessage('there'));
      await worker.stop();
      await expect(transport.publish(toQueue, taskMessage('gone'))).rejects.toMatchObject({
        code: 'not_found',
      });
    });
    return;
  }
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
    expect(await redis.call('SMEMBERS', '_kombu.binding.bc')).not.toContain('bcast.dead');
  });
});
