import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AsyncResult, chain, chord } from '../../lib/index.ts';
import type { TestProcess } from '../kit/process.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';

/* The end of a task, in Celery's order: stored, chord, errbacks, handlers and signals, then the late ack. */

interface Note {
  readonly what: string;
  readonly id: string;
  readonly state: string;
}

let bench: WorkerBench;
let folder: string;
let file: string;

beforeEach(async () => {
  bench = await WorkerBench.start();
  folder = mkdtempSync(join(tmpdir(), 'umbel-ends-'));
  file = join(folder, 'notes');
  writeFileSync(file, '');
});
afterEach(async () => {
  await bench.stop();
  rmSync(folder, { recursive: true });
});

/** `onSuccess: SUCCESS`: what a handler of a task saw. */
function notesOf(id: string): string[] {
  const notes: Note[] = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  return notes.filter((note) => note.id === id).map(({ what, state }) => `${what}: ${state}`);
}

async function noted(id: string, last: string): Promise<string[]> {
  await waitUntil(`${last} in ${notesOf(id).join()}`, () => notesOf(id).includes(last), 10_000);
  return notesOf(id);
}

async function worker(...args: string[]): Promise<TestProcess> {
  const started = bench.launchApp('test/kit/ends-app.ts', args, { END_NOTES: file });
  await started.waitFor(/ ready\./);
  return started;
}

/** Messages that wait, and those that are taken but not settled. */
async function held(): Promise<number> {
  const client = new Redis(bench.redis.port, { protocol: 2 });
  const count = (await client.llen('celery')) + (await client.hlen('unacked'));
  client.disconnect();
  return count;
}

const openGate = (id: string): void => writeFileSync(`${file}.${id}`, '');
const send = (name: string, script = {}, options = {}): Promise<AsyncResult> =>
  bench.app.sendTask(name, [script], options);

describe.each([
  ['async', ['-P', 'async', '-c', '2']],
  ['prefork', ['-P', 'prefork', '-c', '1']],
  ['threads', ['-P', 'threads', '-c', '1']],
])('with the %s pool', (pool, args) => {
  it('handlers and listeners see what is stored, in order', async () => {
    const process = await worker(...args);
    const done = await send('e.told');
    expect(await noted(done.id, 'task_postrun SUCCESS: SUCCESS')).toEqual([
      'beforeStart: PENDING',
      'onSuccess of its request: SUCCESS',
      'task_success: SUCCESS',
      'afterReturn SUCCESS: SUCCESS',
      'task_postrun SUCCESS: SUCCESS',
    ]);
    const failed = await send('e.told', { body: 'fail' });
    expect(await noted(failed.id, 'task_postrun FAILURE: FAILURE')).toEqual([
      'beforeStart: PENDING',
      'onFailure: FAILURE',
      'task_failure: FAILURE',
      'afterReturn FAILURE: FAILURE',
      'task_postrun FAILURE: FAILURE',
    ]);
    const refused = await send('e.told', { body: 'reject' });
    expect(await noted(refused.id, 'task_postrun REJECTED: FAILURE')).toEqual([
      'beforeStart: PENDING',
      'task_failure: FAILURE',
      'task_postrun REJECTED: FAILURE',
    ]);
    const retried = await send('e.told', { body: 'retry' });
    expect(await retried.get({ timeout: 10 })).toBe(1);
    expect(await noted(retried.id, 'task_postrun SUCCESS: SUCCESS')).toEqual([
      'beforeStart: PENDING',
      'onRetry RangeError: again: RETRY',
      'task_retry: RETRY',
      'task_postrun RETRY: RETRY',
      'beforeStart: RETRY',
      'onSuccess of its request: SUCCESS',
      'task_success: SUCCESS',
      'afterReturn SUCCESS: SUCCESS',
      'task_postrun SUCCESS: SUCCESS',
    ]);
    expect(process.output).not.toContain('a handler of it failed');
  });

  it('errbacks and the body of a chord see what is stored', async () => {
    await worker(...args);
    const { app } = bench;
    await app.sendTask('e.fail', [], {
      linkError: app.signature('e.look', [], { taskId: 'errback' }),
    });
    expect(await app.AsyncResult('errback').get({ timeout: 10 })).toBe('FAILURE');
    const plain = app.signature('e.plain', [1]);
    const body = await chord([plain, plain], app.signature('e.look')).delay();
    expect(await body.get({ timeout: 10 })).toBe('SUCCESS');
  });

  it('a task that retries goes on with its link, chain and chord', async () => {
    await worker(...args);
    const { app } = bench;
    const again = app.signature<number>('e.told', [{ body: 'retry' }]);
    const link = app.signature('e.plain', [], { taskId: 'link' });
    const steps = await chain(again.clone([], { link }), app.signature('e.plain')).delay();
    expect(await steps.get({ timeout: 10 })).toBe(1);
    expect(await app.AsyncResult('link').get({ timeout: 10 })).toBe(1);
    const body = await chord([again, app.signature('e.plain', [7])], app.signature('e.plain')).delay();
    expect(await body.get({ timeout: 10 })).toEqual([1, 7]);
  });

  it('a result does not wait for handlers, the slot and the late ack do', async () => {
    const process = await worker('-E', ...args);
    await bench.watch();
    const result = await send('e.late', { onSuccess: 'wait' });
    expect(await result.get({ timeout: 10 })).toBe(0);
    expect(await noted(result.id, 'onSuccess of its request: SUCCESS')).toHaveLength(2);
    expect(await held()).toBe(1);
    const [active = []] = Object.values(await bench.app.control.inspect().active());
    expect(active).toEqual([expect.objectContaining({ id: result.id, acknowledged: false })]);
    expect(process.output).not.toContain('succeeded in');
    openGate(result.id);
    await waitUntil('the message is acked', async () => (await held()) === 0, 10_000);
    expect(await bench.eventsOf(result.id, 'task-succeeded')).toEqual([
      'task-received',
      'task-started',
      'task-succeeded',
    ]);
  });

  it('a handler that fails changes nothing', async () => {
    const process = await worker(...args);
    const result = await send('e.late', { onSuccess: 'throw' });
    expect(await result.get({ timeout: 10 })).toBe(0);
    await process.waitFor(
      /ERROR.*Task e\.late\[.*\] has ended \(SUCCESS\), but a handler of it failed: RangeError: the handler fails/,
    );
    expect(await noted(result.id, 'task_internal_error: SUCCESS')).toEqual([
      'beforeStart: PENDING',
      'onSuccess of its request: SUCCESS',
      'task_postrun SUCCESS: SUCCESS',
      'task_internal_error: SUCCESS',
    ]);
    await process.waitFor(/Task e\.late\[.*\] succeeded/);
    expect(await held()).toBe(0);
    expect(await result.status()).toBe('SUCCESS');
  });

  it('time limits hold for handlers, and leave the result alone', async () => {
    const process = await worker(...args);
    const soft = await send('e.late', { onSuccess: 'wait politely' }, { softTimeLimit: 0.5 });
    await noted(soft.id, 'aborted: SoftTimeLimitExceeded: SUCCESS');
    const hard = await send('e.late', { onSuccess: 'wait' }, { timeLimit: 0.5 });
    await process.waitFor(/a handler of it failed: Hard time limit \(0\.5s\) exceeded/);
    await waitUntil('the message is acked', async () => (await held()) === 0, 10_000);
    expect(await hard.status()).toBe('SUCCESS');
    expect(await (await send('e.told')).get({ timeout: 10 })).toBe(0);
  });

  it('a warm stop waits for handlers, a cold one ends them', async () => {
    const warm = await worker(...args);
    const first = await send('e.late', { onSuccess: 'wait' });
    await noted(first.id, 'onSuccess of its request: SUCCESS');
    warm.child.kill('SIGTERM');
    await warm.waitFor(/Warm shutdown/);
    setTimeout(() => openGate(first.id), 500);
    expect(await warm.ended()).toBe(0);
    expect(notesOf(first.id)).toContain('task_postrun SUCCESS: SUCCESS');
    const cold = await worker(...args);
    const second = await send('e.late', { onSuccess: 'wait' });
    await noted(second.id, 'onSuccess of its request: SUCCESS');
    cold.child.kill('SIGQUIT');
    expect(await cold.ended()).toBe(0);
    expect(await second.status()).toBe('SUCCESS');
    expect(await held()).toBe(0);
  });

  if (pool === 'async') return;

  it('a process that dies in a handler takes nothing with it', async () => {
    const process = await worker(...args);
    const { app } = bench;
    const how = pool === 'prefork' ? 'kill' : 'wait';
    const dying = app.signature('e.late', [{ onSuccess: how }], { timeLimit: 1 });
    const body = await chord([dying, app.signature('e.plain', [1])], app.signature('e.plain')).delay();
    expect(await body.get({ timeout: 10 })).toEqual([0, 1]);
    await process.waitFor(/a handler of it failed: (Worker exited prematurely: signal 9|Hard time limit)/);
    await waitUntil('the messages are acked', async () => (await held()) === 0, 10_000);
    expect(process.output).not.toContain('goes back to its queue');
  });
});

it('a worker that dies while handlers run leaves the result, and its late-ack task runs again', async () => {
  const first = await worker('-P', 'prefork', '-c', '1');
  const result = await send('e.late', { onSuccess: 'wait' });
  expect(await result.get({ timeout: 10 })).toBe(0);
  await noted(result.id, 'onSuccess of its request: SUCCESS');
  await first.stop('SIGKILL');
  openGate(result.id);
  await worker('-P', 'prefork', '-c', '1');
  await noted(result.id, 'task_postrun SUCCESS: SUCCESS');
  expect(notesOf(result.id).filter((note) => note.startsWith('onSuccess'))).toHaveLength(2);
  await waitUntil('the message is acked', async () => (await held()) === 0, 10_000);
});
