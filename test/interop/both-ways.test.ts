import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { celery, type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { startRedis } from '../kit/redis-server.ts';
import { SERVERS } from '../kit/servers.ts';
import { sharedRabbitmq } from '../kit/shared-rabbitmq.ts';

/* Each side's client with the other side's worker, on the embedded engine, a real redis-server and RabbitMQ. */

// A test starts Python several times, which takes seconds each on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

/** A broker with a store for results. */
interface Place {
  readonly urls: PythonUrls;
  /** What kombu calls it. */
  readonly transport: string;
  stop(): Promise<void>;
}

interface PlaceFactory {
  readonly name: string;
  readonly start: () => Promise<Place>;
}

const PLACES: readonly PlaceFactory[] = [
  ...SERVERS.map(({ name, start }) => ({
    name,
    start: async (): Promise<Place> => {
      const server = await start();
      return {
        urls: { broker: server.url(0), backend: server.url(1) },
        transport: 'redis',
        stop: () => server.stop(),
      };
    },
  })),
  {
    name: 'RabbitMQ with results in redis-server',
    start: async () => {
      const [vhost, redis] = [await sharedRabbitmq(), await startRedis()];
      return {
        urls: { broker: vhost.url, backend: redis.url() },
        transport: 'amqp',
        stop: async () => {
          await redis.stop();
          await vhost.remove();
        },
      };
    },
  },
];

describe.each(PLACES)('on $name', ({ start }) => {
  let place: Place;
  let urls: PythonUrls;
  let tsWorker: TestProcess;
  let pyWorker: TestProcess;
  let app: Celery;

  beforeAll(async () => {
    place = await start();
    urls = place.urls;
    const env = { BROKER_URL: urls.broker, RESULT_BACKEND: urls.backend };
    tsWorker = umbel(
      [
        '-A',
        'test/interop/tasks_ts.mjs',
        'worker',
        '-l',
        'info',
        '-P',
        'prefork',
        '-c',
        '2',
        '-n',
        'ts@test',
        '-Q',
        'ts',
        '-E',
      ],
      { env },
    );
    pyWorker = await pythonWorker({ ...urls, queue: 'py' }, ['-n', 'py@test', '-E']);
    await tsWorker.waitFor(/ready\./);
    app = new Celery('client', { broker: urls.broker, backend: urls.backend });
  }, 120_000);

  afterAll(async () => {
    await app.close();
    await tsWorker.stop();
    await pyWorker.stop();
    await place.stop();
  }, 60_000);

  /** Sends from Python to the TypeScript worker and waits there. */
  const fromPython = (task: string, args: string, get = 'r.get(timeout=10)') =>
    python(urls, `r = app.send_task("${task}", ${args}, queue="ts")\n${get}`);

  test('a Python client uses a TypeScript worker', async () => {
    expect(await fromPython('ts.add', '(2, 3)')).toBe(5);
    expect(await fromPython('ts.echo', '([1, {"a": None, "ü": "✓"}, 1.5, True],)')).toEqual([
      1,
      { a: null, ü: '✓' },
      1.5,
      true,
    ]);
    expect(await fromPython('ts.greet', '("Ada",), {"greeting": "Hello"}')).toBe('Hello Ada');
    expect(await fromPython('ts.flaky', '(2,)')).toBe(2);
  });

  test('Python sees the error of a TypeScript task as its own class', async () => {
    const source =
      'e = r.get(timeout=10, propagate=False)\n[type(e).__name__, type(e).__module__, str(e), "TypeError" in r.traceback]';
    expect(await fromPython('ts.fail', '("no number",)', source)).toEqual([
      'TypeError',
      'builtins',
      'no number',
      true,
    ]);
  });

  test('Python sees the progress of a TypeScript task', async () => {
    const source = [
      'import time',
      'look = lambda: r.backend.get_task_meta(r.id)',
      'seen = []',
      'while not r.ready(): seen.append(look()); time.sleep(0.05)',
      '[{"current": 2, "total": 4} in [one["result"] for one in seen if one["status"] == "PROGRESS"], r.get(timeout=10)]',
    ].join('\n');
    expect(await fromPython('ts.progress', '(4,)', source)).toEqual([true, 'done']);
  });

  test('a TypeScript client uses a Python worker', async () => {
    const send = (task: string, args: unknown[]) => app.sendTask(task, args, { queue: 'py' });
    expect(await (await send('py.add', [2, 3])).get({ timeout: 10 })).toBe(5);
    expect(await (await send('py.flaky', [1])).get({ timeout: 10 })).toBe(1);
    const echo = await app.sendTask('py.echo', [1, 'ü'], { queue: 'py', kwargs: { z: [null, false] } });
    expect(await echo.get({ timeout: 10 })).toEqual({ args: [1, 'ü'], kwargs: { z: [null, false] } });
  });

  test('the worker of either side keeps to a countdown', async () => {
    const source =
      'import time\nsent = time.time()\nr = app.send_task("ts.when", countdown=1.5, queue="ts")\nr.get(timeout=10) - sent';
    expect(await python(urls, source)).toBeGreaterThanOrEqual(1.49);
    const sent = Date.now() / 1000;
    const result = await app.sendTask('py.when', [], { queue: 'py', countdown: 1.5 });
    expect(Number(await result.get({ timeout: 10 })) - sent).toBeGreaterThanOrEqual(1.49);
  });

  test("a Python task's error arrives with type, message and traceback", async () => {
    const result = await app.sendTask('py.fail', ['boom'], { queue: 'py' });
    await expect(result.get({ timeout: 10 })).rejects.toMatchObject({ name: 'ValueError', message: 'boom' });
    expect(await result.traceback()).toContain('Traceback (most recent call last)');
    expect(await result.failed()).toBe(true);
  });

  test('a TypeScript client follows and revokes a Python task', async () => {
    const result = await app.sendTask('py.sleep', [30], { queue: 'py' });
    await expect.poll(() => result.status(), { timeout: 10_000 }).toBe('STARTED');
    await result.revoke({ terminate: true });
    await expect.poll(() => result.status(), { timeout: 10_000 }).toBe('REVOKED');
  });

  test("Python's chain runs its steps on both sides", async () => {
    const source =
      'from celery import signature\nc = chain(signature("ts.add", (1, 2), queue="ts"), mul.s(10).set(queue="py"), signature("ts.add", (4,), queue="ts"))\nc.apply_async().get(timeout=15)';
    expect(await python(urls, source)).toBe(34);
  });

  test('the end of a chain whose first step is killed by its time limit is known', async () => {
    const source = [
      'from celery import signature',
      'first = signature("ts.sleep", (30,), queue="ts", time_limit=1)',
      'r = chain(first, signature("ts.echo", queue="ts")).apply_async()',
      '[type(r.get(timeout=10, propagate=False)).__name__, r.status]',
    ].join('\n');
    expect(await python(urls, source)).toEqual(['TimeLimitExceeded', 'FAILURE']);
  });

  test("celery inspect and control see and steer Umbel's worker", async () => {
    expect(await celery(urls, ['inspect', 'ping'])).toMatch(/ts@test: OK\s+pong/);
    expect(await python(urls, 'app.control.inspect(["ts@test"]).registered()["ts@test"]')).toContain(
      'ts.add',
    );
    const stats = await python(urls, 'app.control.inspect(["ts@test"]).stats()["ts@test"]');
    expect(stats).toMatchObject({
      pool: { 'max-concurrency': 2, processes: expect.any(Array) },
      broker: { transport: place.transport },
      clock: expect.any(String),
    });
    const queues = await python(urls, 'app.control.inspect(["ts@test"]).active_queues()["ts@test"]');
    expect(queues).toEqual([
      expect.objectContaining({
        name: 'ts',
        routing_key: 'ts',
        exchange: expect.objectContaining({ type: 'direct' }),
      }),
    ]);
    const control = (call: string) => python(urls, `app.control.${call}`);
    expect(await control('pool_grow(1, destination=["ts@test"], reply=True)')).toEqual([
      { 'ts@test': { ok: 'pool will grow' } },
    ]);
    expect(await control('pool_shrink(1, destination=["ts@test"], reply=True)')).toEqual([
      { 'ts@test': { ok: 'pool will shrink' } },
    ]);
    expect(await control('add_consumer("extra", destination=["ts@test"], reply=True)')).toEqual([
      { 'ts@test': { ok: 'add consumer extra' } },
    ]);
    expect(await python(urls, 'app.send_task("ts.add", (1, 1), queue="extra").get(timeout=10)')).toBe(2);
    expect(await control('cancel_consumer("extra", destination=["ts@test"], reply=True)')).toEqual([
      { 'ts@test': { ok: 'no longer consuming from extra' } },
    ]);
  });

  test('celery call sends to it, and its active tasks show', async () => {
    const id =
      (await celery(urls, ['call', 'ts.sleep', '--args', '[60]', '--queue', 'ts']))
        .trim()
        .split('\n')
        .at(-1) ?? '';
    await sleep(700);
    const active = await python(urls, 'app.control.inspect(["ts@test"]).active()["ts@test"]');
    expect(active).toEqual([
      expect.objectContaining({
        id,
        name: 'ts.sleep',
        args: [60],
        acknowledged: true,
        worker_pid: expect.any(Number),
      }),
    ]);
    const source = `r = app.AsyncResult("${id}")\nr.revoke(terminate=True)\nimport time; time.sleep(1.5)\nr.status`;
    expect(await python(urls, source)).toBe('REVOKED');
  });

  test("celery events sees a TypeScript worker's events", async () => {
    const source = [
      'import threading, time',
      'seen = []',
      'def listen():',
      '    with app.connection_for_read() as connection:',
      '        receiver = app.events.Receiver(connection, handlers={"*": lambda e: seen.append((e["type"], e["hostname"]))})',
      '        try: receiver.capture(limit=None, timeout=5, wakeup=True)',
      '        except Exception: pass',
      'threading.Thread(target=listen, daemon=True).start()',
      'time.sleep(2.5)',
      'app.send_task("ts.add", (1, 2), queue="ts").get(timeout=10)',
      'time.sleep(1)',
      'sorted(set(t for t, h in seen if h == "ts@test"))',
    ].join('\n');
    expect(await python(urls, source)).toEqual([
      'task-received',
      'task-started',
      'task-succeeded',
      'worker-heartbeat',
    ]);
  });

  test("umbel inspect and control see and steer Python's worker", async () => {
    const run = async (...args: string[]) => {
      const command = umbel(['-b', urls.broker, ...args]);
      await command.ended();
      return command.output;
    };
    expect(await run('inspect', 'ping')).toMatch(/py@test: OK\s+pong/);
    expect(await run('control', 'pool_grow', '1', '-d', 'py@test')).toContain('pool will grow');
    expect(await run('status')).toContain('2 nodes online.');
  });
});
