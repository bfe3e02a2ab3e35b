import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestProcess } from '../kit/process.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* What options of the command line do, all on one worker. */

let bench: WorkerBench;
let worker: TestProcess;
let neighbor: TestProcess;

beforeAll(async () => {
  bench = await WorkerBench.start();
  await bench.watch();
  neighbor = await bench.worker(
    '-P',
    'async',
    '-n',
    'neighbor@box',
    '-Q',
    'elsewhere',
    '--heartbeat-interval',
    '0.5',
  );
  await bench.app.sendTask('w.boom');
  await bench.app.sendTask('w.boom', [], { queue: 'kept' });
  const quiet = '--without-heartbeat --without-gossip --without-mingle --purge';
  const limits = '--time-limit 1.5 --soft-time-limit 0.3 --max-tasks-per-child 2';
  worker = await bench.worker(
    '-E',
    '-c',
    '1',
    '-n',
    'quiet@box',
    '-l',
    'debug',
    ...`${quiet} ${limits}`.split(' '),
  );
});
afterAll(() => bench.stop());

test('--purge deletes what waits in its queues, and says how much', async () => {
  expect(worker.output).toContain('purge: Erased 1 message from the queue.\n');
  expect(await bench.waiting('kept')).toBe(1);
  expect(worker.output).not.toContain('w.boom[');
});

test('--max-tasks-per-child replaces the process after so many', async () => {
  const pids: unknown[] = [];
  for (let run = 0; run < 4; run += 1) {
    const result = await bench.app.sendTask('w.where', [0]);
    pids.push(await result.get({ timeout: 10 }));
  }
  expect(pids[1]).toBe(pids[0]);
  expect(pids[2]).not.toBe(pids[0]);
  expect(pids[3]).toBe(pids[2]);
});

const overLimit = (message: string) => ({ name: 'TimeLimitExceeded', message });

test('--soft-time-limit and --time-limit hold for tasks that set none', async () => {
  const nap = await bench.app.sendTask('w.nap', [60_000]);
  await expect(nap.get({ timeout: 15 })).rejects.toMatchObject(overLimit('1.5'));
  expect(worker.output).toContain(`Soft time limit (0.3s) exceeded for w.nap[${nap.id}]`);
  const spin = await bench.app.sendTask('w.spin', [60_000]);
  await expect(spin.get({ timeout: 15 })).rejects.toMatchObject(overLimit('1'));
});

test('--heartbeat-interval is how often, and what heartbeats say', async () => {
  const beats = () => bench.events.filter((event) => event.type === 'worker-heartbeat');
  await waitUntil('it beats', () => beats().length > 2, 10_000);
  expect(new Set(beats().map(({ hostname, freq }) => [hostname, freq].join()))).toEqual(
    new Set(['neighbor@box,0.5']),
  );
});

test('--without-gossip, --without-mingle and --without-heartbeat keep it to itself', async () => {
  const heard = (): string[] =>
    bench.events.filter(({ hostname }) => hostname === 'quiet@box').map(({ type }) => type);
  expect(await bench.app.control.ping({ destination: ['quiet@box'], timeout: 5 })).toEqual([
    { 'quiet@box': { ok: 'pong' } },
  ]);
  const beats = (): number =>
    bench.events.filter((event) => event.type === 'worker-heartbeat' && event.hostname === 'neighbor@box')
      .length;
  const before = beats();
  await waitUntil('the neighbor has been heard', () => beats() > before);
  expect(await worker.stop()).toBe(0);
  expect(await neighbor.stop()).toBe(0);
  await waitUntil('the neighbor is heard to leave', () =>
    bench.events.some(({ type, hostname }) => type === 'worker-offline' && hostname === 'neighbor@box'),
  );
  expect(heard()).toContain('task-succeeded');
  expect(heard().filter((type) => type.startsWith('worker-'))).toEqual([]);
  expect(worker.output).not.toMatch(/mingle|neighbor@box|joined the party/);
});
