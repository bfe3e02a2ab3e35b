import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pool } from '../../lib/worker/pool/pool.ts';
import {
  childrenOf,
  NotedHost,
  type NotedJob,
  outcomeOf,
  prefork,
  runIn,
  threads,
  timer,
  until,
} from './pool-jobs.ts';

let host = new NotedHost();
let folder = '';
let pool: Pool;

type Call = Parameters<typeof runIn> extends [unknown, ...infer Rest] ? Rest : never;
const run = (...call: Call): Promise<NotedJob> => runIn(pool, ...call);

/** An app of its own, which the test may write again. */
function writeApp(source: string): string {
  const path = join(folder, 'tasks.mts');
  writeFileSync(path, source);
  return path;
}

describe.each([
  { kind: 'prefork', make: prefork },
  { kind: 'threads', make: threads },
])('$kind pool, children', ({ kind, make }) => {
  beforeEach(() => {
    host = new NotedHost();
    folder = mkdtempSync(join(tmpdir(), 'umbel-pool-'));
  });
  afterEach(async () => {
    await pool.abandonAll();
    timer.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const who = async (): Promise<string | null> => (await outcomeOf(await run('whoami'))).resultText;

  it('stops a computing task at its hard limit', async () => {
    pool = make(host, 1);
    await pool.start();
    const job = await run('spin', [30_000], { timeLimit: 0.2 });
    expect(await job.end).toEqual({ loss: { kind: 'timeout', seconds: 0.2 } });
    expect((await outcomeOf(await run('add', [1, 2]))).resultText).toBe('3');
  });

  it('reports a lost child and replaces it', async () => {
    pool = make(host, 1);
    await pool.start();
    const before = await who();
    const job = await run('exit', [3]);
    expect(await job.end).toEqual({
      loss: { kind: 'lost', reason: 'Worker exited prematurely: exitcode 3 Job: 2.' },
    });
    expect(await who()).not.toBe(before);
  });

  it('ends the handlers of a lost child, and replaces it', async () => {
    pool = make(host, 1, { maxTasksPerChild: 2 });
    await pool.start();
    const job = await run('handled', ['exit']);
    await until(() => job.notes.length === 4);
    expect(job.notes.at(-1)).toBe('handled: Worker exited prematurely: exitcode 3 Job: 1.');
    // One with handlers counts as one.
    const seen = [await who(), (await outcomeOf(await run('handled', ['x']))).resultText, await who()];
    expect(seen[0]).not.toBe(seen[2]);
  });

  it('loses the child, not the worker, to an error that nothing catches', async () => {
    pool = make(host, 1);
    await pool.start();
    const end = await (await run('throw-later')).end;
    const cause = kind === 'threads' ? ' \\(RangeError: thrown later\\)' : '';
    expect(end).toEqual({
      loss: {
        kind: 'lost',
        reason: expect.stringMatching(new RegExp(`^Worker exited prematurely: exitcode 1${cause} Job: 1.$`)),
      },
    });
    expect((await outcomeOf(await run('add', [1, 2]))).resultText).toBe('3');
  });

  it('keeps a child whose task forgot a promise', async () => {
    pool = make(host, 1);
    await pool.start();
    expect((await outcomeOf(await run('late-rejection'))).resultText).toBe('"alive"');
  });

  it('replaces a child after so many tasks', async () => {
    pool = make(host, 1, { maxTasksPerChild: 2 });
    await pool.start();
    const seen = [await who(), await who(), await who(), await who()];
    expect(seen[0]).toBe(seen[1]);
    expect(seen[2]).toBe(seen[3]);
    expect(seen[0]).not.toBe(seen[2]);
  });

  it('replaces a child that uses too much memory, after its task', async () => {
    pool = make(host, 1, { maxMemoryPerChild: 1 });
    await pool.start();
    expect(await who()).not.toBe(await who());
  });

  it('puts new children in place of all, when the running tasks have ended', async () => {
    pool = make(host, 2);
    await pool.start();
    await until(() => host.rooms >= 2);
    const long = await run('sleep', [1500]);
    const before = await who();
    pool.restart();
    await long.end;
    await until(() => !long.notes.includes('lost') && pool.active === 0);
    const after = new Set([await who(), await who(), await who()]);
    expect(long.notes).toEqual(['accepted', 'SUCCESS']);
    expect(after).not.toContain(before);
    if (kind === 'threads') await until(() => pool.info()['threads'] === 2);
    else await until(() => pool.pids().length === 2);
  });

  it('starts a child again that is not ready in time, and gives up when none ever is', async () => {
    pool = make(host, 1, { aliveTimeoutSeconds: 0.001 });
    await pool.start();
    expect(host.fatal?.message).toMatch(/end before they are ready \(5 times, not ready in time\)/);
  });

  it('stops while it waits to start a child again', async () => {
    pool = make(host, 1, { app: writeApp('process.exit(7);') });
    const starting = pool.start();
    for (let count = 0; count < 3; count += 1) {
      await until(() => childrenOf(pool) > 0);
      await until(() => childrenOf(pool) === 0);
    }
    await pool.stop();
    await starting;
    expect(host.fatal).toBeNull();
  });

  it('goes on with the children that are there while others do not load', async () => {
    const good =
      "import { Celery } from 'umbel'; export const app = new Celery('a'); app.task('one', () => 1);";
    const path = writeApp(`${good} app.task('exit', () => process.exit(3));`);
    pool = make(host, 2, { app: path });
    await pool.start();
    await until(() => host.rooms >= 2);
    writeFileSync(path, `${good} throw new Error('half written');`);
    await (await run('exit')).end;
    await until(() => childrenOf(pool) === 2);
    await until(() => childrenOf(pool) === 1);
    expect((await outcomeOf(await run('one'))).resultText).toBe('1');
    expect(host.fatal).toBeNull();
    writeFileSync(path, `${good} app.task('whole', () => 2);`);
    const { rooms } = host;
    await until(() => host.rooms > rooms);
    expect((await outcomeOf(await run('whole'))).resultText).toBe('2');
  });

  it('shrinks while its children start, and grows again', async () => {
    pool = make(host, 4);
    await pool.start();
    pool.shrink(3);
    await until(() => childrenOf(pool) === 1);
    expect(await who()).toBe(await who());
    const { rooms } = host;
    pool.grow(1);
    await until(() => host.rooms > rooms);
    expect(childrenOf(pool)).toBe(2);
    const jobs = await Promise.all([run('sleep', [500]), run('sleep', [500])]);
    expect(pool.active).toBe(2);
    await Promise.all(jobs.map(outcomeOf));
  });

  it('counts right when children that are to go meet their hard limit first', async () => {
    pool = make(host, 2);
    await pool.start();
    const jobs = await Promise.all([1, 2].map(() => run('spin', [60_000], { timeLimit: 0.5 })));
    pool.shrink(1);
    const ends = await Promise.all(jobs.map(({ end }) => end));
    expect(ends).toEqual(Array(2).fill({ loss: { kind: 'timeout', seconds: 0.5 } }));
    expect((await outcomeOf(await run('add', [1, 2]))).resultText).toBe('3');
    expect([pool.size, childrenOf(pool)]).toEqual([1, 1]);
  });

  it('ends a child that cannot leave because its task left something behind', {
    timeout: 30_000,
  }, async () => {
    pool = make(host, 1, { maxTasksPerChild: 1 });
    await pool.start();
    expect((await outcomeOf(await run('haunt', [600_000]))).state).toBe('SUCCESS');
    await until(() => pool.hasRoom, 25_000);
    expect((await outcomeOf(await run('add', [1, 2]))).resultText).toBe('3');
  });

  it('gives up with the reason when the app does not load', async () => {
    pool = make(host, 2, { app: '/nowhere/tasks' });
    await pool.start();
    expect(host.fatal?.message).toContain('There is no module "/nowhere/tasks"');
    expect(pool.hasRoom).toBe(false);
  });
});

describe('prefork pool, processes', () => {
  beforeEach(() => {
    host = new NotedHost();
    pool = prefork(host, 2);
  });
  afterEach(async () => {
    await pool.abandonAll();
    timer.stop();
  });

  it('names the signal that killed a process', async () => {
    await pool.start();
    const killed = await run('deaf', [5000]);
    process.kill(killed.pid, 'SIGKILL');
    expect(await killed.end).toEqual({
      loss: { kind: 'lost', reason: 'Worker exited prematurely: signal 9 (SIGKILL) Job: 1.' },
    });
  });

  it('ends its processes when it stops', async () => {
    await pool.start();
    const pids = pool.pids();
    await pool.stop();
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

describe('threads pool, memory', () => {
  it('loses the thread that fills its heap, not the worker', async () => {
    host = new NotedHost();
    pool = threads(host, 1, { resourceLimits: { maxOldGenerationSizeMb: 64 } });
    await pool.start();
    const end = await (await run('hoard')).end;
    expect(end).toEqual({
      loss: { kind: 'lost', reason: expect.stringMatching(/exitcode 1 \(Error: .*memory limit/) },
    });
    expect((await outcomeOf(await run('add', [1, 2]))).resultText).toBe('3');
    await pool.stop();
    timer.stop();
  });
});
