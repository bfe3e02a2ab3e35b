import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WorkerBench } from '../kit/worker-bench.ts';

let bench: WorkerBench;

beforeEach(async () => {
  bench = await WorkerBench.start();
});
afterEach(() => bench.stop());

const NAPS = 200;

/** Milliseconds that 200 naps of 100 ms take. */
async function napAll(): Promise<number> {
  const start = performance.now();
  const naps = await Promise.all(Array.from({ length: NAPS }, () => bench.app.sendTask('w.nap', [100])));
  for (const nap of naps) expect(await nap.get({ timeout: 60 })).toBe(100);
  return performance.now() - start;
}

describe('a task that kills its process each time', () => {
  it.each(['prefork', 'threads'])(
    'is set aside after five deliveries, and takes little from the others in the %s pool',
    async (pool) => {
      const worker = await bench.worker('-P', pool, '-c', '2');
      const aloneMs = await napAll();
      const poison = await bench.app.sendTask('w.crash');
      const besideMs = await napAll();
      await expect(poison.get({ timeout: 60 })).rejects.toThrow(/exitcode 7/);
      expect(worker.output.match(/goes back to its queue/g)).toHaveLength(4);
      expect(aloneMs / besideMs).toBeGreaterThan(0.8);
    },
    120_000,
  );
});
