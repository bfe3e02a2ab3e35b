import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* A worker is told to stop while it holds a lot: nothing is lost, nothing runs twice, the order stays. */

let bench: WorkerBench;

beforeEach(async () => {
  bench = await WorkerBench.start();
  await bench.watch();
});
afterEach(() => bench.stop());

/** Ids that wait in the queue, the next one first. */
async function idsInQueue(redis: Redis): Promise<string[]> {
  const texts = await redis.lrange('celery', 0, -1);
  return texts.map((text) => String(JSON.parse(text).headers.id)).reverse();
}

const startsOf = (ids: readonly string[]): number[] =>
  ids.map((id) => bench.events.filter(({ type, uuid }) => type === 'task-started' && uuid === id).length);

describe('SIGTERM', () => {
  it('gives 500 prefetched messages back in order while 50 tasks still run', async () => {
    const args = ['-E', '-P', 'async', '-c', '50', '--prefetch-multiplier', '11'];
    const worker = await bench.worker(...args);
    const redis = new Redis(bench.redis.port);
    const { app } = bench;
    const running = await Promise.all(
      Array.from({ length: 50 }, () => app.sendTask<number>('w.nap', [4000])),
    );
    await waitUntil(
      '50 run',
      () => startsOf(running.map(({ id }) => id)).every((count) => count === 1),
      10_000,
    );
    const waiting = [];
    for (let n = 0; n < 500; n += 1) waiting.push(await app.sendTask<number>('w.add', [n, 0]));
    await waitUntil('500 are prefetched', async () => (await redis.llen('celery')) === 0, 10_000);
    worker.child.kill('SIGTERM');
    await waitUntil('500 are back', async () => (await redis.llen('celery')) === 500, 10_000);
    expect(bench.events.some(({ type }) => type === 'task-succeeded')).toBe(false);
    expect(await idsInQueue(redis)).toEqual(waiting.map(({ id }) => id));
    expect(await worker.ended()).toBe(0);
    await bench.worker(...args);
    const values = await Promise.all(waiting.map((result) => result.get({ timeout: 20 })));
    expect(values).toEqual(Array.from({ length: 500 }, (_, n) => n));
    for (const nap of running) expect(await nap.get({ timeout: 5 })).toBe(4000);
    const ids = [...running, ...waiting].map(({ id }) => id);
    await waitUntil('each has started', () => startsOf(ids).every((count) => count >= 1), 10_000);
    expect(startsOf(ids)).toEqual(ids.map(() => 1));
    redis.disconnect();
  });

  it('and SIGKILL a second later lose no task with late acks', async () => {
    const worker = await bench.worker('-E', '-c', '2');
    const { app } = bench;
    const results = [];
    for (let n = 0; n < 6; n += 1) results.push(await app.sendTask<number>('w.late_nap', [3000, n]));
    for (const { id } of results.slice(0, 2)) await bench.eventsOf(id, 'task-started');
    worker.child.kill('SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    worker.child.kill('SIGKILL');
    expect(await worker.ended()).toBe(null);
    await bench.worker('-c', '6', '-P', 'async');
    const values = await Promise.all(results.map((result) => result.get({ timeout: 15 })));
    expect(values).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
