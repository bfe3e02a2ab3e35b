import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EventReceiver } from '../../lib/events/receiver.ts';
import { Celery } from '../../lib/index.ts';
import type { CeleryEvent } from '../../lib/protocol/event.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { isAlive } from '../kit/is-alive.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* Settings and options of tasks, as the worker of the built command line obeys them. */

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

async function withWorker(
  settings: Readonly<Record<string, unknown>>,
  act: (app: Celery, worker: TestProcess) => Promise<void>,
  args: readonly string[] = ['-P', 'prefork', '-c', '1'],
): Promise<void> {
  const urls = { CELERY_BROKER_URL: redis.url(0), CELERY_RESULT_BACKEND: redis.url(1) };
  const worker = umbel(
    ['-A', 'test/integration/settings-app.mjs', 'worker', '-l', 'info', '-n', 'set@test', '-E', ...args],
    { env: { ...urls, SETTINGS: JSON.stringify(settings) } },
  );
  const app = new Celery(
    'client',
    { broker: redis.url(0), backend: redis.url(1), ...settings },
    silentLogger,
  );
  try {
    await worker.waitFor(/ ready\./);
    await act(app, worker);
  } finally {
    await app.close();
    await worker.stop();
  }
}

async function run(app: Celery, name: string, args: readonly unknown[] = []): Promise<string> {
  const result = await app.sendTask(name, args);
  await result.get({ timeout: 20, propagate: false });
  return result.id;
}

describe.each([
  ['prefork', 'ForkPoolWorker-1'],
  ['threads', 'ThreadPoolWorker-1'],
  ['async', 'MainProcess'],
])('a %s worker', (pool, name) => {
  const args = ['-P', pool, '-c', '1'];

  test('logs what a task prints, with its name and id', async () => {
    await withWorker(
      {},
      async (app, worker) => {
        const id = await run(app, 'set.print');
        await worker.waitFor(/from stderr/);
        const lines = worker.output.split('\n').filter((line) => line.includes(`[${id}]: `));
        for (const text of ['first line', 'second line', 'from stderr']) {
          const line = lines.find((some) => some.endsWith(`WARNING/${name}] set.print[${id}]: ${text}`));
          expect(line?.match(/WARNING/g)).toHaveLength(1);
        }
      },
      args,
    );
  });

  test('or leaves it as it is', async () => {
    await withWorker(
      { worker_redirect_stdouts: false },
      async (app, worker) => {
        await run(app, 'set.print');
        await worker.waitFor(/\nsecond line\n/);
        expect(worker.output).not.toMatch(/WARNING.*first line/);
      },
      args,
    );
  });

  test('writes lines as the formats say', async () => {
    const settings = {
      worker_log_format: '<%(levelname)s> %(message)s',
      worker_task_log_format: '{%(task_name)s} %(message)s',
      worker_redirect_stdouts_level: 'INFO',
      worker_log_color: true,
    };
    await withWorker(
      settings,
      async (app, worker) => {
        await run(app, 'set.print');
        await worker.waitFor(/\{set\.print\} second line\n/);
        expect(worker.output).toMatch(/<INFO> set@test ready\.\n/);
      },
      args,
    );
  });
});

test('options of tasks show in events', async () => {
  await withWorker({ event_exchange: 'ownev' }, async (app) => {
    const events: CeleryEvent[] = [];
    const receiver = new EventReceiver({
      transport: await app.transport(),
      exchange: 'ownev',
      onEvents: (some) => events.push(...some),
    });
    await receiver.start();
    const long = await run(app, 'set.long');
    const shadow = await app.sendTask('set.shadow', [7], { shadow: 'given' });
    await shadow.get({ timeout: 20 });
    const quiet = await run(app, 'set.quiet');
    const last = await run(app, 'set.print');
    const of = (id: string): CeleryEvent[] => events.filter((event) => event['uuid'] === id);
    await waitUntil('the last event', () => of(last).some(({ type }) => type === 'task-succeeded'), 10_000);
    expect(of(long).at(-1)).toMatchObject({ type: 'task-succeeded', result: "'word word...'" });
    expect(of(shadow.id)[0]).toMatchObject({ type: 'task-received', name: 'given' });
    expect(of(quiet)).toEqual([]);
    await receiver.stop();
  });
});

test('shadowName names a call by what it is', async () => {
  const app = new Celery('shadows', { broker: redis.url(0) }, silentLogger);
  const names: unknown[] = [];
  app.on('before_task_publish', ({ headers }) => void names.push(headers['shadow']));
  const task = app.task(
    'set.shadow',
    { shadowName: ([value]) => (value ? `shadow of ${value}` : null) },
    (n: number) => n,
  );
  await task.applyAsync([5], { queue: 'unread' });
  await task.applyAsync([5], { queue: 'unread', shadow: 'given' });
  await task.applyAsync([0], { queue: 'unread' });
  expect(names).toEqual(['shadow of 5', 'given', null]);
  await app.close();
});

test('without remote control nobody answers', async () => {
  await withWorker({ worker_enable_remote_control: false }, async (app, worker) => {
    expect(await app.control.ping({ timeout: 1 })).toEqual([]);
    expect(worker.hasEnded).toBe(false);
  });
});

test('remote control has the exchange of the settings', async () => {
  await withWorker({ control_exchange: 'own' }, async (app) => {
    expect(await app.control.ping({ timeout: 2 })).toEqual([{ 'set@test': { ok: 'pong' } }]);
    const other = new Celery('other', { broker: redis.url(0) }, silentLogger);
    expect(await other.control.ping({ timeout: 0.5 })).toEqual([]);
    await other.close();
  });
});

test('without prefetch a message stays in its queue until somebody is free', async () => {
  await withWorker({ worker_disable_prefetch: true }, async (app) => {
    const sent = await Promise.all(Array.from({ length: 5 }, () => app.sendTask('set.sleep', [400])));
    const transport = await app.transport();
    await waitUntil(
      'the first runs',
      async () => (await sent[0]?.status()) !== 'PENDING' || (await lengthOf()) === 4,
    );
    async function lengthOf(): Promise<number> {
      return (await transport.sampleQueues(['celery']))[0]?.messages ?? 0;
    }
    expect(await lengthOf()).toBeGreaterThanOrEqual(3);
    const values = await Promise.all(sent.map((result) => result.get({ timeout: 20 })));
    expect(values).toEqual([400, 400, 400, 400, 400]);
  });
});

test('worker_max_memory_per_child replaces a process that uses more, after its task', async () => {
  await withWorker({ worker_max_memory_per_child: 1 }, async (app) => {
    const pid = async () => (await app.sendTask('set.pid')).get({ timeout: 20 });
    expect(await pid()).not.toBe(await pid());
  });
});

test('worker_lost_wait: what a lost process leaves behind does not hide its end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-orphan-'));
  const file = join(folder, 'pid');
  await withWorker({ worker_lost_wait: 0.5 }, async (app) => {
    const lost = await app.sendTask('set.orphan', [file]);
    // By default it would be ten seconds.
    await expect(lost.get({ timeout: 9 })).rejects.toThrow(/exited prematurely: exitcode 7/);
    const orphan = Number(readFileSync(file, 'utf8'));
    expect(isAlive(orphan)).toBe(true);
    process.kill(orphan);
  });
  rmSync(folder, { recursive: true });
});

test('worker_proc_alive_timeout: a worker whose processes are not ready in time says so and ends', async () => {
  const ending = withWorker({ worker_proc_alive_timeout: 0.001 }, () => Promise.resolve());
  await expect(ending).rejects.toThrow(/end before they are ready \(5 times, not ready in time\)/);
});

test('eager results are stored when asked, and go through the serializer', async () => {
  const settings = { broker: redis.url(0), backend: redis.url(1), task_always_eager: true };
  const storing = new Celery('storing', { ...settings, task_store_eager_result: true }, silentLogger);
  const echo = storing.task('eager.echo', (value: unknown) => value);
  const fail = storing.task('eager.fail', () => {
    throw new RangeError('no');
  });
  const done = await echo.delay({ a: [1] });
  const failed = await fail.delay();
  const reader = new Celery('reader', { broker: redis.url(0), backend: redis.url(1) }, silentLogger);
  expect(await reader.AsyncResult(done.id).get({ timeout: 5 })).toEqual({ a: [1] });
  await expect(reader.AsyncResult(failed.id).get({ timeout: 5 })).rejects.toMatchObject({
    name: 'ValueError',
  });
  const yaml = new Celery('yaml', { ...settings, task_serializer: 'msgpack' }, silentLogger);
  const typeOf = yaml.task('eager.type', (value: unknown) => Object.prototype.toString.call(value));
  expect(await (await typeOf.delay(new Date())).get()).toBe('[object Date]');
  expect(await reader.AsyncResult((await typeOf.delay(1)).id).status()).toBe('PENDING');
  for (const app of [storing, reader, yaml]) await app.close();
});

test('beat_schedule is not silently ignored', async () => {
  await withWorker(
    { beat_schedule: { every: { task: 'set.print', schedule: 10 } } },
    async (_app, worker) => {
      expect(worker.output).toMatch(/beat_schedule is set, but there is no beat yet/);
    },
  );
});
