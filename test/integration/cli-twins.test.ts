import { afterAll, beforeAll, expect, it } from 'vitest';
import { umbel } from '../kit/process.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* Two workers that were given the same name: each believes to be alone. */

let bench: WorkerBench;

beforeAll(async () => {
  bench = await WorkerBench.start();
  await Promise.all([
    bench.worker('-n', 'twin@box', '-P', 'solo'),
    bench.worker('-n', 'twin@box', '-P', 'solo'),
    bench.worker('-n', 'other@box', '-P', 'solo'),
  ]);
}, 60_000);
afterAll(() => bench.stop());

it('are told of by who asks them, and count as one', { timeout: 60_000 }, async () => {
  const status = umbel(['-A', 'test/integration/worker-app.ts', 'status', '-t', '3'], { env: bench.env });
  expect(await status.ended(30_000)).toBe(0);
  expect(status.output).toContain(
    'Warning: Several workers answered as twin@box. Give each a name of its own',
  );
  expect(status.output).toContain('2 nodes online.');
});
