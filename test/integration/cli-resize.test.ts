import { afterAll, beforeAll, expect, it } from 'vitest';
import { umbel } from '../kit/process.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* The commands that change how much a running worker does at once, typed as the documentation has them. */

let bench: WorkerBench;

beforeAll(async () => {
  bench = await WorkerBench.start();
  await Promise.all([
    bench.worker('-n', 'fixed@box', '-c', '1', '-Q', 'other'),
    bench.worker('-n', 'scaled@box', '-P', 'async', '-Q', 'scaled', '--autoscale', '4,1'),
  ]);
}, 60_000);
afterAll(() => bench.stop());

async function control(...words: string[]): Promise<string> {
  const command = umbel(['-A', 'test/integration/worker-app.ts', 'control', ...words, '-t', '5'], {
    env: bench.env,
  });
  expect([await command.ended(30_000), command.output]).toEqual([0, command.output]);
  return command.output;
}

async function stats(node: string): Promise<Record<string, unknown>> {
  const answers = await bench.app.control.inspect({ destination: [node], timeout: 5 }).stats();
  return Object(answers[node]);
}

const size = async (node: string): Promise<unknown> => Object((await stats(node))['pool'])['max-concurrency'];

it('grows, shrinks and sets the size of a pool', { timeout: 60_000 }, async () => {
  const node = 'fixed@box';
  expect(await control('pool_grow', '4', '-d', node)).toBe('->  fixed@box: OK\n    pool will grow\n');
  expect(await size(node)).toBe(5);
  expect(await control('pool_shrink', '3', '-d', node)).toContain('pool will shrink');
  expect(await size(node)).toBe(2);
  expect(await control('concurrency', '8', '-d', node)).toBe('->  fixed@box: OK\n    concurrency now 8\n');
  expect(await stats(node)).toMatchObject({ pool: { 'max-concurrency': 8 }, prefetch_count: 32 });
  expect(await control('autoscale', '8', '2', '-d', node)).toContain("ValueError('Autoscale not enabled')");
});

it('changes the bounds of a pool that scales itself', { timeout: 60_000 }, async () => {
  const node = 'scaled@box';
  expect(await control('autoscale', '8', '2', '-d', node)).toBe(
    '->  scaled@box: OK\n    autoscale now max=8 min=2\n',
  );
  expect(await stats(node)).toMatchObject({ autoscaler: { max: 8, min: 2, current: 2 }, prefetch_count: 32 });
  expect(await control('concurrency', '8', '-d', node)).toBe(
    '->  scaled@box: ERROR\n    concurrency is not supported with autoscale. Adjust autoscale range instead.\n',
  );
});

it('takes from one more queue, so many tasks at once', { timeout: 60_000 }, async () => {
  const node = 'fixed@box';
  await control('concurrency', '1', '-d', node);
  const naps = await Promise.all(Array.from({ length: 3 }, () => bench.app.sendTask('w.nap', [20_000])));
  expect(await control('add_consumer', '-Q', 'celery', '-c', '3', '-d', node)).toBe(
    '->  fixed@box: OK\n    add consumer celery\n->  fixed@box: OK\n    concurrency now 3\n',
  );
  const { [node]: queues } = await bench.app.control
    .inspect({ destination: [node], timeout: 5 })
    .activeQueues();
  expect((queues as { name: string }[]).map(({ name }) => name)).toEqual(['other', 'celery']);
  const running = async (): Promise<unknown> =>
    (await bench.app.control.inspect({ destination: [node], timeout: 5 }).active())[node];
  await waitUntil('all three run', async () => Object(await running()).length === naps.length, 30_000);
});
