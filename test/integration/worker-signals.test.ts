import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestProcess } from '../kit/process.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* What signals beside TERM and INT do, and what a worker does with late acks when its broker goes away. */

let bench: WorkerBench;

beforeEach(async () => {
  bench = await WorkerBench.start();
  await bench.watch();
});
afterEach(() => bench.stop());

const countOf = (worker: TestProcess, text: string): number => worker.output.split(text).length - 1;

/** Sends a signal that is no echo of the one before. */
async function signalAgain(worker: TestProcess, signal: NodeJS.Signals): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300));
  worker.child.kill(signal);
}

describe('a soft shutdown', () => {
  it('lets running tasks end and does not wait longer than they need', async () => {
    const worker = await bench.worker('-E', '-P', 'async', 'worker_soft_shutdown_timeout=60');
    const nap = await bench.app.sendTask('w.nap', [1500]);
    await bench.eventsOf(nap.id, 'task-started');
    worker.child.kill('SIGQUIT');
    await worker.waitFor(/Initiating Soft Shutdown, terminating in 60 seconds/);
    expect(await worker.ended()).toBe(0);
    expect(await nap.get({ timeout: 5 })).toBe(1500);
  });

  it('ends what is left when its time is over, also on TERM when that stands for QUIT', async () => {
    const worker = bench.launchApp(
      'test/integration/worker-app.ts',
      ['-E', '-c', '1', 'worker_soft_shutdown_timeout=1'],
      { REMAP_SIGTERM: 'SIGQUIT' },
    );
    await worker.waitFor(/ ready\./);
    const nap = await bench.app.sendTask('w.nap', [60_000]);
    await bench.eventsOf(nap.id, 'task-started');
    worker.child.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(worker.output).toMatch(/Cold shutdown[\s\S]*Initiating Soft Shutdown, terminating in 1 seconds/);
    await expect(nap.get({ timeout: 5 })).rejects.toThrow(/cold shutdown/);
    expect(await bench.eventsOf(nap.id, 'task-failed')).toContain('task-cancelled');
  });

  it('ends at the next signal', async () => {
    const worker = await bench.worker('-E', '-P', 'async', 'worker_soft_shutdown_timeout=60');
    const nap = await bench.app.sendTask('w.nap', [60_000]);
    await bench.eventsOf(nap.id, 'task-started');
    worker.child.kill('SIGQUIT');
    await worker.waitFor(/Hitting Ctrl\+C again will terminate all running tasks!/);
    await signalAgain(worker, 'SIGQUIT');
    expect(await worker.ended()).toBe(0);
    expect(worker.output).toContain('Waiting gracefully for cold shutdown to complete...');
  });
});

describe('SIGHUP', () => {
  it('restarts the worker under the same pid when its tasks have ended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'umbel-hup-'));
    const pidfile = join(folder, 'worker.pid');
    const worker = await bench.worker('-E', '-c', '1', '--pidfile', pidfile);
    const nap = await bench.app.sendTask('w.nap', [1000]);
    await bench.eventsOf(nap.id, 'task-started');
    for (let restart = 1; restart <= 2; restart += 1) {
      await signalAgain(worker, 'SIGHUP');
      await waitUntil('it is ready again', () => countOf(worker, ' ready.') === restart + 1, 15_000);
      expect(readFileSync(pidfile, 'utf8')).toBe(`${worker.child.pid}\n`);
    }
    expect(countOf(worker, 'Restarting celery worker (-A')).toBe(1);
    expect(await nap.get({ timeout: 5 })).toBe(1000);
    expect(await (await bench.app.sendTask('w.add', [1, 2])).get({ timeout: 10 })).toBe(3);
    await signalAgain(worker, 'SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(existsSync(pidfile)).toBe(false);
    rmSync(folder, { recursive: true });
  });

  it('gives way to a TERM that follows', async () => {
    const worker = await bench.worker('-E', '-P', 'async');
    const nap = await bench.app.sendTask('w.nap', [2000]);
    await bench.eventsOf(nap.id, 'task-started');
    worker.child.kill('SIGHUP');
    await worker.waitFor(/Restarting celery worker/);
    worker.child.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(countOf(worker, ' ready.')).toBe(1);
  });
});

describe('SIGUSR1', () => {
  it('logs what runs, and nothing stops', async () => {
    const worker = await bench.worker('-E', '-c', '2');
    const nap = await bench.app.sendTask('w.nap', [1500]);
    await bench.eventsOf(nap.id, 'task-started');
    worker.child.kill('SIGUSR1');
    await worker.waitFor(
      /prefork pool of 2\) runs 1 task\(s\):\npid \d+: w\.nap\[.*\] for \d+\.\d s, args \(1500,\)/,
    );
    expect(await nap.get({ timeout: 10 })).toBe(1500);
  });
});

describe('worker_cancel_long_running_tasks_on_connection_loss', () => {
  it.each(['async', 'prefork'])(
    'ends tasks with late acks in the %s pool, and they run again',
    async (pool) => {
      const worker = await bench.worker(
        '-E',
        '-P',
        pool,
        '-c',
        '2',
        'worker_cancel_long_running_tasks_on_connection_loss=true',
      );
      const late = await bench.app.sendTask('w.late_nap', [2000, 7]);
      const early = await bench.app.sendTask('w.nap', [2000]);
      await bench.eventsOf(late.id, 'task-started');
      await bench.eventsOf(early.id, 'task-started');
      const redis = new Redis(bench.redis.port);
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal');
      await worker.waitFor(/Task w\.late_nap\[.*\] cannot be acknowledged after a connection loss/);
      expect(await late.get({ timeout: 15 })).toBe(7);
      expect(await early.get({ timeout: 15 })).toBe(2000);
      expect(countOf(worker, `Task w.late_nap[${late.id}] received`)).toBe(2);
      expect(countOf(worker, `Task w.nap[${early.id}] received`)).toBe(1);
      redis.disconnect();
    },
  );
});
