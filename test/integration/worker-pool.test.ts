import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAlive } from '../kit/is-alive.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* Pools that change while the worker runs: autoscaling, resizing, new code. */

// Children need seconds to start on a busy machine, and naps are long so that they run at the same time all the same.
vi.setConfig({ testTimeout: 60_000 });

let bench: WorkerBench;

beforeEach(async () => {
  bench = await WorkerBench.start();
});
afterEach(() => bench.stop());

const APP = 'test/integration/worker-app.ts';
const NODE = 'celery@pool';
const destination = [NODE];
/** With a destination the answer is there as soon as that node has given it. */
const ask = { reply: true, timeout: 5, destination };

/** The one worker's answer. */
async function answer(replies: Promise<Record<string, unknown>[]>): Promise<unknown> {
  return Object.values((await replies)[0] ?? {})[0];
}

async function stats(): Promise<Record<string, unknown>> {
  const answers = await bench.app.control.inspect({ destination, timeout: 5 }).stats();
  return answers[NODE] as Record<string, unknown>;
}

async function runningCount(): Promise<number> {
  const { [NODE]: active } = await bench.app.control.inspect({ destination, timeout: 5 }).active();
  return Array.isArray(active) ? active.length : 0;
}

const size = async (): Promise<unknown> =>
  ((await stats())['pool'] as Record<string, unknown>)['max-concurrency'];

describe('autoscaling', () => {
  it.each(['prefork', 'threads', 'async'])('follows the load with the %s pool', async (pool) => {
    const worker = bench.launchApp(
      APP,
      ['-n', 'pool', '-P', pool, '--autoscale=3,1', '--prefetch-multiplier', '2'],
      {
        AUTOSCALE_KEEPALIVE: '1',
      },
    );
    await worker.waitFor(/ ready\./);
    expect(worker.output).toContain(`.> concurrency: {min=1, max=3} (${pool})`);
    const { app } = bench;
    expect(await stats()).toMatchObject({
      autoscaler: { max: 3, min: 1, current: 1, qty: 0 },
      prefetch_count: 6,
    });
    const naps = [];
    for (let n = 0; n < 4; n += 1) naps.push(await app.sendTask('w.nap', [4000]));
    await worker.waitFor(/Scaling up \d processes\./);
    await waitUntil('all slots run', async () => (await runningCount()) === 3, 10_000);
    expect(await stats()).toMatchObject({ autoscaler: { current: 3 } });
    expect(await answer(app.control.poolGrow(1, ask))).toEqual({
      error: 'pool_grow is not supported with autoscale. Adjust autoscale range instead.',
    });
    expect(await answer(app.control.autoscale(2, 2, ask))).toEqual({ ok: 'autoscale now max=2 min=2' });
    expect(await answer(app.control.autoscale(1, 2, ask))).toEqual({
      error: 'Cannot scale from 2 to 1: give max, then min.',
    });
    expect(await stats()).toMatchObject({ autoscaler: { max: 2, min: 2, current: 2 }, prefetch_count: 4 });
    for (const nap of naps) expect(await nap.get({ timeout: 30 })).toBe(4000);
    expect(await answer(app.control.autoscale(2, 1, ask))).toEqual({ ok: 'autoscale now max=2 min=1' });
    await waitUntil('it has shrunk', async () => (await size()) === 1, 10_000);
    expect(worker.output).toContain('Scaling down 1 processes.');
    expect(await (await app.sendTask('w.add', [1, 2])).get({ timeout: 10 })).toBe(3);
  });

  it('is refused where nothing can grow', async () => {
    const worker = bench.launch('-P', 'solo', '--autoscale=3,1');
    expect(await worker.ended()).toBe(1);
    expect(worker.output).toContain('The solo pool runs one task at a time: it cannot have --autoscale.');
  });
});

describe('resizing by remote control', () => {
  it.each(['prefork', 'threads', 'async'])('sets the size of the %s pool', async (pool) => {
    await bench.worker('-n', 'pool', '-P', pool, '-c', '1');
    const { control } = bench.app;
    expect(await answer(control.concurrency(3, ask))).toEqual({ ok: 'concurrency now 3' });
    expect(await size()).toBe(3);
    expect(await stats()).toMatchObject({ prefetch_count: 12 });
    const naps = await Promise.all([1, 2, 3].map(() => bench.app.sendTask('w.nap', [5000])));
    await waitUntil('three run at once', async () => (await runningCount()) === 3, 10_000);
    expect(await answer(control.concurrency(1, ask))).toEqual({ ok: 'concurrency now 1' });
    expect(await stats()).toMatchObject({ prefetch_count: 4 });
    for (const nap of naps) expect(await nap.get({ timeout: 15 })).toBe(5000);
    expect(
      await answer(control.broadcast('concurrency', { reply: true, timeoutMs: 5000, destination })),
    ).toEqual({
      error: 'concurrency needs n: how many tasks may run at once',
    });
    expect(await answer(control.autoscale(3, 1, ask))).toEqual({
      error: "ValueError('Autoscale not enabled')",
    });
  });

  it('says that a solo pool has one size', async () => {
    await bench.worker('-n', 'pool', '-P', 'solo');
    const { control } = bench.app;
    expect(await answer(control.concurrency(1, ask))).toEqual({ ok: 'concurrency now 1' });
    expect(await answer(control.concurrency(3, ask))).toEqual({
      error: 'The solo pool runs one task at a time and cannot grow.',
    });
    expect(await stats()).toMatchObject({ prefetch_count: 4 });
  });
});

describe('a worker that is killed', () => {
  it('takes its processes with it, whatever they compute', async () => {
    const worker = await bench.worker('-n', 'pool', '-c', '1');
    await bench.app.sendTask('w.compute', [120_000]);
    await waitUntil('it runs', async () => (await runningCount()) === 1, 10_000);
    const [pid] = ((await stats())['pool'] as { processes: number[] }).processes;
    expect(isAlive(pid ?? 0)).toBe(true);
    await worker.stop('SIGKILL');
    await waitUntil('its process is gone', () => !isAlive(pid ?? 0), 10_000);
  });
});

describe('restarting the pool', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'umbel-pool-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (answerText: string): void =>
    writeFileSync(
      join(folder, 'tasks.mts'),
      `import { Celery } from 'umbel';
      export const app = new Celery('restarted', { worker_pool_restarts: true });
      app.task('version', () => ${answerText});`,
    );
  const version = async (): Promise<unknown> => (await bench.app.sendTask('version')).get({ timeout: 10 });

  it.each(['prefork', 'threads'])(
    'runs new code in the %s pool, and keeps the old when it is broken',
    async (pool) => {
      write('1');
      const worker = bench.launchApp(join(folder, 'tasks.mts'), ['-n', 'pool', '-P', pool, '-c', '1']);
      await worker.waitFor(/ ready\./);
      expect(await version()).toBe(1);
      write('(2');
      expect(await answer(bench.app.control.poolRestart(ask))).toEqual({ ok: 'reload started' });
      await worker.waitFor(/The pool is not restarted, it goes on with the code it has: .*tasks\.mts/);
      expect(await version()).toBe(1);
      write('3');
      expect(await answer(bench.app.control.poolRestart(ask))).toEqual({ ok: 'reload started' });
      await waitUntil('the new code runs', async () => (await version()) === 3, 10_000);
    },
  );

  it('is refused without its setting, and where tasks run in the worker', async () => {
    await bench.worker('-n', 'pool', '-P', 'async');
    expect(await answer(bench.app.control.poolRestart(ask))).toEqual({
      error: "ValueError('Pool restarts not enabled')",
    });
    await bench.stop();
    bench = await WorkerBench.start();
    write('1');
    const worker = bench.launchApp(join(folder, 'tasks.mts'), ['-n', 'pool', '-P', 'async']);
    await worker.waitFor(/ ready\./);
    expect(await answer(bench.app.control.poolRestart(ask))).toMatchObject({
      error: expect.stringContaining('only a restart of the worker loads new code'),
    });
  });
});
