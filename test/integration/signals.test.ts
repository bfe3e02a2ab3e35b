import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* Signals in a worker of the built command line: which come, where, and in which order. */

interface Heard {
  readonly name: string;
  readonly sender: string;
  readonly pid: number;
  readonly id?: string;
  readonly state?: string;
  readonly how?: string;
}

describe.each(['prefork', 'solo'])('a %s worker', (pool) => {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-signals-'));
  const file = join(folder, 'heard');
  let redis: RedisServer;
  let worker: TestProcess;
  let app: Celery;

  const heard = (): Heard[] =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Heard);
  const of = (id: string): string[] =>
    heard()
      .filter((entry) => entry.id === id)
      .map(({ name }) => name);

  beforeAll(async () => {
    redis = await startRedis();
    const env = {
      CELERY_BROKER_URL: redis.url(0),
      CELERY_RESULT_BACKEND: redis.url(1),
      SIGNALS_FILE: file,
    };
    worker = umbel(
      [
        '-A',
        'test/integration/signals-app.mjs',
        'worker',
        '-l',
        'info',
        '-n',
        'w1@test',
        '-P',
        pool,
        '-c',
        '1',
      ],
      { env },
    );
    await worker.waitFor(/ready\./);
    app = new Celery('client', { broker: redis.url(0), backend: redis.url(1) });
  }, 60_000);

  afterAll(async () => {
    await app.close();
    await worker.stop();
    await redis.stop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  async function run(name: string, options = {}): Promise<string> {
    const result = await app.sendTask(name, [], options);
    await result.get({ timeout: 20, propagate: false });
    return result.id;
  }

  test('tells how it starts', async () => {
    const start = ['celeryd_init', 'celeryd_after_setup', 'worker_init', 'worker_ready'];
    const names = (): string[] => heard().map(({ name }) => name);
    const all = [...start, 'worker_process_init'];
    await waitUntil('all is told', () => all.every((name) => names().includes(name)), 10_000);
    // A process of the pool tells its part by itself.
    expect(names().filter((name) => start.includes(name))).toEqual(start);
    expect(heard().find(({ name }) => name === 'worker_ready')).toMatchObject({ sender: 'w1@test' });
    const process = heard().find(({ name }) => name === 'worker_process_init');
    expect(process?.sender).toBe(pool === 'prefork' ? 'ForkPoolWorker-1' : 'w1@test');
  });

  test('tells of a run where it happens', async () => {
    const id = await run('sig.ok');
    await waitUntil('the run is told', () => of(id).includes('task_postrun'), 10_000);
    expect(of(id)).toEqual(['task_received', 'task_prerun', 'task_success', 'task_postrun']);
    const pids = heard()
      .filter((entry) => entry.id === id)
      .map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(pool === 'prefork' ? 2 : 1);
  });

  test('tells of failures, retries and broken handlers', async () => {
    const failed = await run('sig.fail');
    await waitUntil('the failure is told', () => of(failed).length === 4, 10_000);
    expect(of(failed)).toEqual(['task_received', 'task_prerun', 'task_failure', 'task_postrun']);
    const retried = await run('sig.retry');
    await waitUntil('the retry is told', () => of(retried).length === 8, 10_000);
    // Its second message is there before the first run has told all.
    expect(of(retried).filter((name) => name === 'task_received')).toHaveLength(2);
    expect(of(retried).filter((name) => name !== 'task_received')).toEqual([
      'task_prerun',
      'task_retry',
      'task_postrun',
      'task_prerun',
      'task_success',
      'task_postrun',
    ]);
    const broken = await run('sig.broken');
    const whole = ['task_received', 'task_prerun', 'task_postrun', 'task_internal_error'];
    await waitUntil('the broken handler is told', () => of(broken).length === whole.length, 10_000);
    expect(of(broken)).toEqual(whole);
  });

  test('tells what it does not run', async () => {
    const revoked = await run('sig.ok', { expires: new Date(Date.now() - 1000) });
    await waitUntil('the revoke is told', () => of(revoked).includes('task_revoked'), 10_000);
    const unknown = await run('sig.nothing');
    await waitUntil('the unknown task is told', () => of(unknown).includes('task_unknown'), 10_000);
    await app.sendTask('sig.ok', [], { serializer: 'yaml' });
    await waitUntil(
      'the refused message is told',
      () => heard().some(({ name }) => name === 'task_rejected'),
      10_000,
    );
    expect(of(unknown)).toEqual(['task_unknown']);
  });

  if (pool === 'prefork') {
    test('tells of a task whose process died', async () => {
      const id = await run('sig.die');
      await waitUntil('the loss is told', () => of(id).includes('task_failure'), 10_000);
      expect(of(id)).toEqual(['task_received', 'task_prerun', 'task_failure']);
      const started = (): number => heard().filter(({ name }) => name === 'worker_process_init').length;
      await waitUntil('its process is replaced', () => started() === 2, 10_000);
    });
  }

  test('tells how it ends', async () => {
    await waitUntil('a heartbeat', () => heard().some(({ name }) => name === 'heartbeat_sent'), 10_000);
    await worker.stop();
    const end = ['worker_shutting_down', 'worker_process_shutdown', 'worker_shutdown'];
    const names = heard()
      .map(({ name }) => name)
      .filter((name) => end.includes(name));
    expect(names).toEqual(pool === 'prefork' ? end : ['worker_shutting_down', 'worker_shutdown']);
    expect(heard().find(({ name }) => name === 'worker_shutting_down')).toMatchObject({ how: 'warm' });
  });
});
