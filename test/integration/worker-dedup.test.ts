import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Celery, chord } from '../../lib/index.ts';
import { composeResult } from '../../lib/protocol/result.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

const COUNT = 10_000;

let redis: RedisServer;
let app: Celery;
let worker: LocalWorker;
let isDoubling: boolean;
let doubler: Promise<void>;
const runs = new Map<string, number>();

/** Everything that is sent to `celery` reaches the worker's queue twice. */
async function double(port: number): Promise<void> {
  const client = new Redis(port, { protocol: 2 });
  while (isDoubling) {
    const message = await client.blmove('celery', 'work', 'RIGHT', 'LEFT', 0.1);
    if (typeof message === 'string') await client.lpush('work', message);
  }
  client.disconnect();
}

const note = (name: string): number => {
  const count = (runs.get(name) ?? 0) + 1;
  runs.set(name, count);
  return count;
};

beforeEach(async () => {
  redis = await startRedis();
  runs.clear();
  app = new Celery('doubled', {
    broker: redis.url(0),
    backend: redis.url(1),
    task_acks_late: true,
    worker_deduplicate_successful_tasks: true,
  });
  app.task('d.note', async (name: string) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    return note(name);
  });
  app.task('d.sum', (numbers: number[]) => {
    note('sum');
    return numbers.reduce((sum, number) => sum + number, 0);
  });
  app.task('d.flaky', { bind: true }, (self, name: string) => {
    if (note(name) < 3) self.retry({ countdown: 0 });
    return 'third time';
  });
  worker = new LocalWorker(app, { hostname: 'w1@test', queues: ['work'], concurrency: 20 });
  isDoubling = true;
  doubler = double(redis.port);
  await worker.start();
});
afterEach(async () => {
  isDoubling = false;
  await doubler;
  await worker.stop();
  await redis.stop();
});

async function settled(): Promise<void> {
  const client = new Redis(redis.port, { protocol: 2 });
  const left = async (): Promise<number> => (await client.llen('work')) + (await client.hlen('unacked'));
  await waitUntil('all messages are settled', async () => (await left()) === 0, 60_000);
  client.disconnect();
}

it('counts a task for its chord that was stored before its worker died', async () => {
  const backend = await app.backend();
  await backend.store({
    taskId: 'stored',
    text: composeResult({ taskId: 'stored', status: 'SUCCESS', resultText: '41' }),
  });
  const header = [app.signature('d.note', ['stored'], { taskId: 'stored' }), app.signature('d.sum', [[1]])];
  const body = await chord(header, app.signature('d.sum')).delay();
  expect(await body.get({ timeout: 30 })).toBe(42);
  expect(runs.has('stored')).toBe(false);
});

it('runs a task once of two messages', async () => {
  const results = await Promise.all(
    Array.from({ length: COUNT }, (_, n) => app.sendTask('d.note', [`t${n}`])),
  );
  for (const result of results) expect(await result.get({ timeout: 30 })).toBe(1);
  await settled();
  expect(runs.size).toBe(COUNT);
  expect([...runs.values()].filter((count) => count !== 1)).toEqual([]);
  expect(worker.log.match(/Task already completed successfully/g)).toHaveLength(COUNT);
}, 120_000);

it('calls the body of a chord once, and still retries', async () => {
  const parts = Array.from({ length: 20 }, (_, n) => app.signature<number>('d.note', [`part${n}`]));
  const { chord } = await import('../../lib/index.ts');
  const sum = await chord(parts, app.signature<number>('d.sum')).delay();
  expect(await sum.get({ timeout: 30 })).toBe(20);
  const retried = await app.sendTask('d.flaky', ['flaky']);
  expect(await retried.get({ timeout: 30 })).toBe('third time');
  await settled();
  expect(runs.get('sum')).toBe(1);
  expect(runs.get('part0')).toBe(1);
}, 120_000);
