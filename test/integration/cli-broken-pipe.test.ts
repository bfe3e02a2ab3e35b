import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { freePort } from '../kit/free-port.ts';
import { umbel } from '../kit/process.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/** User and system time so far, in seconds (clock ticks are hundredths). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

it('a worker whose output nobody reads any more goes on, and does not spin on its own log', async () => {
  const worker = umbel([
    '-A',
    'test/interop/tasks_ts.mjs',
    '-b',
    `redis://127.0.0.1:${await freePort()}/0`,
    'worker',
    '-P',
    'async',
  ]);
  await worker.waitFor(/Cannot connect/);
  worker.child.stdout?.destroy();
  worker.child.stderr?.destroy();
  await sleep(3000);
  const before = cpuSeconds(worker.child.pid ?? 0);
  await sleep(2500);
  const used = cpuSeconds(worker.child.pid ?? 0) - before;
  expect(worker.hasEnded).toBe(false);
  await worker.stop();
  expect(used).toBeLessThan(1);
}, 30_000);

it('a worker whose standard output nobody reads ends its tasks before it stops', async () => {
  const bench = await WorkerBench.start();
  try {
    const worker = await bench.worker('-P', 'async');
    const result = await bench.app.sendTask('w.tracked', [1500]);
    await waitUntil('it runs', async () => (await result.status()) === 'STARTED', 10_000);
    worker.child.stdout?.destroy();
    await sleep(100);
    // It says on standard output that it stops.
    worker.child.kill('SIGTERM');
    expect(await worker.ended()).toBe(0);
    expect(await result.status()).toBe('SUCCESS');
  } finally {
    await bench.stop();
  }
}, 30_000);
