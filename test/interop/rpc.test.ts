import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery, chord } from '../../lib/index.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { sharedRabbitmq, type Vhost } from '../kit/shared-rabbitmq.ts';

/* The first line of Celery's tutorials: results over the broker itself. */

describe('rpc:// on RabbitMQ', () => {
  let vhost: Vhost;
  let urls: PythonUrls;
  let tsWorker: TestProcess;
  let pyWorker: TestProcess;
  let app: Celery;

  beforeAll(async () => {
    vhost = await sharedRabbitmq();
    const broker = vhost.url.replace('amqp://', 'pyamqp://');
    urls = { broker, backend: 'rpc://' };
    const args = ['worker', '-l', 'info', '-P', 'prefork', '-c', '2', '-n', 'ts@test', '-Q', 'ts'];
    tsWorker = umbel(['-A', 'test/interop/tasks_ts.mjs', ...args], {
      env: { BROKER_URL: broker, RESULT_BACKEND: 'rpc://' },
    });
    pyWorker = await pythonWorker({ ...urls, queue: 'py' }, ['-n', 'py@test']);
    await tsWorker.waitFor(/ready\./);
    app = new Celery('my_app', { backend: 'rpc://', broker });
  }, 120_000);

  afterAll(async () => {
    await app.close();
    await tsWorker.stop();
    await pyWorker.stop();
    await vhost.remove();
  }, 60_000);

  test('a TypeScript client gets results of both workers', async () => {
    const results = await Promise.all([
      app.sendTask('ts.add', [2, 3], { queue: 'ts' }),
      app.sendTask('py.add', [20, 22], { queue: 'py' }),
    ]);
    expect(await Promise.all(results.map((result) => result.get({ timeout: 15 })))).toEqual([5, 42]);
    const failed = await app.sendTask('py.fail', ['boom'], { queue: 'py' });
    await expect(failed.get({ timeout: 15 })).rejects.toMatchObject({ name: 'ValueError', message: 'boom' });
    const many = await Promise.all(
      Array.from({ length: 50 }, (_, index) => app.sendTask('ts.add', [index, 1], { queue: 'ts' })),
    );
    const sums = await Promise.all(many.map((result) => result.get({ timeout: 15 })));
    expect(sums).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  test('a Python client gets results of a TypeScript worker', async () => {
    const send = (task: string, args: string, then: string) =>
      python(urls, `r = app.send_task("${task}", ${args}, queue="ts")\n${then}`);
    expect(await send('ts.add', '(2, 3)', 'r.get(timeout=10)')).toBe(5);
    expect(
      await send(
        'ts.fail',
        '("no number",)',
        'e = r.get(timeout=10, propagate=False)\n[type(e).__name__, str(e)]',
      ),
    ).toEqual(['TypeError', 'no number']);
  });

  test('the queue of results goes with its client, and a chord is refused with what to use', async () => {
    const client = new Celery('short', { backend: 'rpc://', broker: urls.broker });
    const result = await client.sendTask('ts.add', [1, 1], { queue: 'ts' });
    expect(await result.get({ timeout: 15 })).toBe(2);
    const names = async () => {
      const queues = await vhost.request('GET', `queues/${vhost.name}?disable_stats=true`);
      return Array.isArray(queues) ? queues.map(({ name }) => name) : [];
    };
    expect(await names()).toContain(client.oid);
    const add = (x: number, y: number) => client.signature('ts.add', [x, y], { queue: 'ts' });
    await expect(chord([add(1, 1), add(2, 2)], add(1, 1)).delay()).rejects.toThrow(
      /need a result backend that all workers share.*rpc:\/\//,
    );
    await client.close();
    expect(await names()).not.toContain(client.oid);
  });
});
