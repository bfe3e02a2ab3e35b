import { afterEach, beforeEach, expect, it } from 'vitest';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

let bench: WorkerBench;

beforeEach(async () => {
  bench = await WorkerBench.start();
});
afterEach(() => bench.stop());

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

it('a worker that was frozen for longer than its lease starts nothing and stores nothing any more', async () => {
  const frozen = await bench.worker('-P', 'async', '-c', '1', '-n', 'frozen@test');
  const results = await Promise.all([1, 2, 3].map(() => bench.app.sendTask<number>('w.where', [1500])));
  await frozen.waitFor(/(received[\s\S]*){3}/);
  frozen.child.kill('SIGSTOP');
  const other = await bench.worker('-P', 'async', '-c', '3', '-n', 'other@test');
  await other.waitFor(/(received[\s\S]*){3}/, 20_000);
  frozen.child.kill('SIGCONT');
  await frozen.waitFor(
    /Task w\.where\[.*\] ended \(SUCCESS\) after its lease had, .* is stale and is not stored/,
  );
  await frozen.waitFor(/(is not started: its lease ended and another worker has it[\s\S]*){2}/);
  for (const result of results) expect(await result.get({ timeout: 20 })).toBe(other.child.pid);
  expect(count(frozen.output, /succeeded/g)).toBe(0);
  expect(count(other.output, /succeeded/g)).toBe(3);
  // Its acks have taken nothing from the other, and it works on.
  await other.stop();
  const next = await bench.app.sendTask<number>('w.where', [1]);
  expect(await next.get({ timeout: 20 })).toBe(frozen.child.pid);
  await waitUntil('nothing waits', async () => (await bench.waiting()) === 0);
}, 60_000);

it('a worker that was frozen while nobody else was there goes on with what it has', async () => {
  const frozen = await bench.worker('-P', 'async', '-c', '1');
  const results = await Promise.all([1, 2].map(() => bench.app.sendTask<number>('w.where', [500])));
  await frozen.waitFor(/(received[\s\S]*){2}/);
  frozen.child.kill('SIGSTOP');
  await new Promise((resolve) => setTimeout(resolve, 3000));
  frozen.child.kill('SIGCONT');
  for (const result of results) expect(await result.get({ timeout: 20 })).toBe(frozen.child.pid);
  await frozen.waitFor(/(succeeded[\s\S]*){2}/);
  expect(count(frozen.output, /received/g)).toBe(2);
}, 60_000);
