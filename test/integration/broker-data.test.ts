import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDashboard } from '../kit/dashboard.ts';
import { FaultBench } from '../kit/fault-bench.ts';
import { ids } from '../kit/messages.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* What the broker's own data can suffer under a worker that runs: flushed, evicted, out of memory. */

let redis: RedisServer;
let bench: FaultBench;

beforeEach(async () => {
  redis = await startRedis();
  bench = new FaultBench({ broker: redis.url(0), backend: redis.url(1) });
});
afterEach(async () => {
  await bench.stop();
  await redis.stop();
});

const ended = (ids: readonly string[]): boolean => {
  const open = new Set(bench.ledger.verdict().lost);
  return ids.every((id) => !open.has(id));
};

describe('FLUSHALL under load', () => {
  test('new tasks run within 2 s, and the dashboard says that the broker lost its data', async () => {
    const dashboard = await startDashboard({ broker: redis.url(0), resultBackend: redis.url(1) });
    try {
      await bench.worker('-E');
      await dashboard.until('/api/v1/status', ({ text }) => text.includes('"isConnected":true'));
      await bench.send('f.late', ids(300, 'before'), 20);
      await waitUntil('some have run', () => bench.ledger.endedCount > 20);
      await waitUntil('the dashboard watches', async () => (await bench.redis.exists('umbel.witness')) === 1);
      await bench.redis.flushall();
      const flushedAt = Date.now();
      await bench.send('f.late', ids(10, 'after'), 20);
      await waitUntil('the new ones have run', () => ended(ids(10, 'after')), 10_000);
      expect(bench.ledger.verdict().lastEndAt - flushedAt).toBeLessThan(2000);
      await waitUntil(
        'the dashboard says so',
        () => dashboard.dashboard.collector.monitor.problems().some(({ kind }) => kind === 'data_lost'),
        10_000,
      );
    } finally {
      await dashboard.stop();
    }
  }, 60_000);

  test('a queue that is merely emptied is no loss', async () => {
    const dashboard = await startDashboard({ broker: redis.url(0), resultBackend: redis.url(1) });
    const { monitor } = dashboard.dashboard.collector;
    try {
      await waitUntil('the dashboard watches', async () => (await bench.redis.exists('umbel.witness')) === 1);
      await bench.send('f.late', ids(5), 20);
      await waitUntil('it sees them', () => monitor.queues.waiting === 5, 10_000);
      await bench.redis.del('celery');
      await waitUntil('it sees them go', () => monitor.queues.waiting === 0, 10_000);
      expect(monitor.problems().map(({ kind }) => kind)).not.toContain('data_lost');
    } finally {
      await dashboard.stop();
    }
  });
});

describe('binding keys that were evicted', () => {
  test('are written again, and no publish, reply or event fails meanwhile', async () => {
    await bench.worker('-E');
    const bindings = await bench.redis.keys('_kombu.binding.*');
    expect(bindings).toContain('_kombu.binding.celery');
    for (let round = 0; round < 5; round += 1) {
      await bench.redis.del(...bindings);
      const names = ids(20, `r${round}-`);
      await bench.send('f.late', names, 1);
      expect(Object.keys(await bench.app.control.inspect({ timeout: 5 }).ping())).toEqual(['w1@faults']);
      await waitUntil('they have run', () => ended(names), 10_000);
    }
    const isBack = async () => (await bench.redis.exists('_kombu.binding.celery')) === 1;
    await waitUntil('the queue is bound again', isBack, 10_000);
  }, 60_000);
});

describe('a Redis that is out of memory', () => {
  test('refuses new tasks to their senders while the worker drains; then all goes on', async () => {
    await bench.send('f.late', ids(1000, 'early'), 1);
    const used = Number(/used_memory:(\d+)/.exec(await bench.redis.info('memory'))?.[1]);
    await bench.redis.config('SET', 'maxmemory-policy', 'noeviction');
    await bench.redis.config('SET', 'maxmemory', String(used - 100_000));
    await expect(bench.app.sendTask('f.late', ['refused', 1])).rejects.toThrow(/OOM/);
    await bench.worker('-P', 'async', '-c', '20');
    await waitUntil('the waiting ones have run', () => ended(ids(1000, 'early')), 30_000);
    await bench.redis.config('SET', 'maxmemory', '0');
    await bench.send('f.late', ids(5, 'later'), 1);
    await bench.drained(1005, 30_000);
    expect(bench.ledger.verdict()).toMatchObject({ lost: [], doubled: [] });
  }, 90_000);
});
