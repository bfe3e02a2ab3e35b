import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AsyncPool } from '../../lib/worker/pool/async.ts';
import type { Pool, PoolHost } from '../../lib/worker/pool/pool.ts';
import { SoloPool } from '../../lib/worker/pool/solo.ts';
import {
  HOSTNAME,
  NotedHost,
  type NotedJob,
  outcomeOf,
  prefork,
  runIn,
  threads,
  timer,
  until,
} from './pool-jobs.ts';
import { app } from './pool-tasks.ts';

const POOLS: readonly { kind: string; make: (host: PoolHost) => Pool }[] = [
  { kind: 'async', make: (host) => new AsyncPool({ app, host, timer, size: 2, hostname: HOSTNAME }) },
  { kind: 'solo', make: (host) => new SoloPool({ app, host, timer, hostname: HOSTNAME }) },
  { kind: 'prefork', make: (host) => prefork(host, 2) },
  { kind: 'threads', make: (host) => threads(host, 2) },
];

/** Its children become ready one by one. */
const hasChildren = (kind: string): boolean => kind === 'prefork' || kind === 'threads';

let host = new NotedHost();
let pool: Pool;

type Call = Parameters<typeof runIn> extends [unknown, ...infer Rest] ? Rest : never;
const run = (...call: Call): Promise<NotedJob> => runIn(pool, ...call);

describe.each(POOLS)('$kind pool', ({ kind, make }) => {
  beforeEach(async () => {
    host = new NotedHost();
    pool = make(host);
    await pool.start();
  });
  afterEach(async () => {
    await pool.abandonAll();
    await pool.stop();
    timer.stop();
  });

  it('runs a task and gives its value back as JSON', async () => {
    const job = await run('add', [2, 3]);
    const outcome = await outcomeOf(job);
    expect(outcome).toMatchObject({ state: 'SUCCESS', resultText: '5', resultRepr: '5', traceback: null });
    expect(outcome.runtimeSeconds).toBeGreaterThanOrEqual(0);
    expect(job.notes).toEqual(['accepted', 'SUCCESS']);
    expect(pool.pids()).toContain(job.pid);
  });

  it('gives an error back with its traceback, and goes on', async () => {
    const outcome = await outcomeOf(await run('boom', ['ouch']));
    expect(outcome).toMatchObject({ state: 'FAILURE', exceptionRepr: "TypeError('ouch')" });
    expect(outcome.traceback).toContain('pool-tasks');
    expect((await outcomeOf(await run('add', [1, 1]))).resultText).toBe('2');
  });

  it('fails a task whose value no JSON can hold', async () => {
    const outcome = await outcomeOf(await run('unsendable'));
    expect(outcome.state).toBe('FAILURE');
    expect(outcome.exceptionRepr).toContain('Map');
  });

  it('passes states and events of the task on, in order', async () => {
    const job = await run('progress');
    await job.end;
    expect(job.notes).toEqual(['accepted', 'PROGRESS {"current":1,"total":2}', 'task-progress', 'SUCCESS']);
  });

  it('has room for as many as its size', async () => {
    await until(() => pool.hasRoom);
    if (hasChildren(kind)) await until(() => host.rooms >= 2);
    const jobs = [];
    while (pool.hasRoom) jobs.push(await run('sleep', [50]));
    expect(jobs).toHaveLength(pool.size);
    expect(pool.active).toBe(pool.size);
    await Promise.all(jobs.map((job) => job.end));
    await until(() => pool.hasRoom);
    expect(pool.active).toBe(0);
  });

  it('tells a task that its soft limit has passed, and lets it finish', async () => {
    const job = await run('polite', [], { softTimeLimit: 0.1 });
    const outcome = await outcomeOf(job);
    expect(outcome.resultText).toBe('"cleaned up after SoftTimeLimitExceeded"');
    expect(job.notes).toEqual(['accepted', 'soft 0.1', 'SUCCESS']);
  });

  it('tells a task so when it is asked to, too', async () => {
    const job = await run('polite', []);
    expect(pool.interrupt(job.request.id)).toBe(true);
    expect(await job.end).toMatchObject({ outcome: { state: 'SUCCESS' } });
    expect(pool.interrupt('nobody')).toBe(false);
  });

  it('fails a task that the soft limit interrupts', async () => {
    const outcome = await outcomeOf(await run('impolite', [], { softTimeLimit: 0.1, timeLimit: 5 }));
    expect(outcome).toMatchObject({ state: 'FAILURE', exceptionRepr: 'SoftTimeLimitExceeded()' });
  });

  it('gives up a task at its hard limit, and the slot is free again', async () => {
    const job = await run('deaf', [3000], { timeLimit: 0.2 });
    expect(await job.end).toEqual({ loss: { kind: 'timeout', seconds: 0.2 } });
    expect((await outcomeOf(await run('add', [1, 2]))).resultText).toBe('3');
  });

  it('terminates a running task', async () => {
    const job = await run('deaf', [3000]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pool.terminate(job.request.id, 'SIGTERM')).toBe(true);
    expect(await job.end).toEqual({ loss: { kind: 'terminated', signal: 'SIGTERM' } });
    expect(pool.terminate('nobody', 'SIGTERM')).toBe(false);
    expect((await outcomeOf(await run('add', [1, 2]))).resultText).toBe('3');
  });

  it('cuts everything off at a cold shutdown', async () => {
    const job = await run('deaf', [3000]);
    await pool.abandonAll();
    expect(await job.end).toEqual({ loss: { kind: 'shutdown' } });
    expect(pool.hasRoom).toBe(false);
  });

  it('runs handlers when it is told to, in a slot that is busy until then', async () => {
    const job = await run('handled', ['fine'], {}, false);
    expect((await outcomeOf(job)).state).toBe('SUCCESS');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([job.notes, pool.active]).toEqual([['accepted', 'SUCCESS'], 1]);
    job.handle();
    await until(() => pool.active === 0);
    expect(job.notes).toEqual(['accepted', 'SUCCESS', 'task-handling', 'handled']);
    expect((await outcomeOf(await run('add', [1, 2]))).resultText).toBe('3');
  });

  it('says what a handler threw', async () => {
    const job = await run('handled', ['boom']);
    await until(() => job.notes.length === 4);
    expect(job.notes.at(-1)).toMatch(/^handled: RangeError: in the handler\n.*pool-tasks/s);
    expect(await (await run('handled', ['fine'])).end).toMatchObject({ outcome: { state: 'SUCCESS' } });
  });

  it('tells handlers of the soft limit', async () => {
    const job = await run('handled', ['polite'], { softTimeLimit: 0.3 });
    await until(() => job.notes.includes('handled'));
    expect(job.notes).toEqual([
      'accepted',
      'SUCCESS',
      'task-handling',
      'soft 0.3',
      'task-SoftTimeLimitExceeded',
      'handled',
    ]);
  });

  it.each([
    ['hard limit', 'Hard time limit (0.5s) exceeded', { timeLimit: 0.5 }, () => {}],
    ['terminate', 'Terminated (SIGTERM)', {}, (id: string) => pool.terminate(id, 'SIGTERM')],
    ['cold shutdown', 'The worker was stopped (cold shutdown)', {}, () => pool.abandonAll()],
  ] as const)('ends handlers at a %s, which leaves the outcome alone', async (_what, text, limits, stop) => {
    const job = await run('handled', ['deaf'], limits);
    await until(() => job.notes.includes('task-handling'));
    void stop(job.request.id);
    await until(() => job.notes.length === 4);
    expect(job.notes).toEqual(['accepted', 'SUCCESS', 'task-handling', `handled: ${text}`]);
    await until(() => pool.active === 0);
  });

  it('is done with handlers at once that are told to run when their run was ended', async () => {
    const job = await run('handled', ['deaf'], { timeLimit: 0.3 }, false);
    await job.end;
    await until(() => pool.active === 0);
    expect(job.notes).toEqual(['accepted', 'SUCCESS']);
    job.handle();
    expect(job.notes.at(-1)).toBe('handled: Hard time limit (0.3s) exceeded');
  });

  it('grows and shrinks, or says that it cannot', async () => {
    if (kind === 'solo') {
      expect(() => pool.grow(1)).toThrow('cannot grow');
      expect(() => pool.shrink(1)).toThrow('cannot shrink');
      return;
    }
    pool.grow(2);
    expect(pool.size).toBe(4);
    if (hasChildren(kind)) await until(() => host.rooms >= 4);
    const jobs = await Promise.all([1, 2, 3, 4].map(() => run('sleep', [200])));
    expect(pool.active).toBe(4);
    pool.shrink(3);
    expect(pool.size).toBe(1);
    const ends = await Promise.all(jobs.map(outcomeOf));
    expect(ends.map(({ state }) => state)).toEqual(Array(4).fill('SUCCESS'));
    if (kind === 'prefork') await until(() => pool.pids().length === 1);
    if (kind === 'threads') await until(() => pool.info()['threads'] === 1);
    expect((await outcomeOf(await run('add', [1, 2]))).resultText).toBe('3');
    expect(() => pool.shrink(1)).toThrow('must stay');
  });
});
