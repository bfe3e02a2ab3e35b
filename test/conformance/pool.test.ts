import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TraceOutcome } from '../../lib/app/trace-outcome.ts';
import { decodeTaskRequest, encodeTaskMessage, type TaskRequest } from '../../lib/protocol/task-message.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { AsyncPool } from '../../lib/worker/pool/async.ts';
import type { Handle, Job, JobLoss, Pool, PoolHost } from '../../lib/worker/pool/pool.ts';
import { PreforkPool } from '../../lib/worker/pool/prefork.ts';
import { SoloPool } from '../../lib/worker/pool/solo.ts';
import { ThreadsPool, type ThreadsPoolOptions } from '../../lib/worker/pool/threads.ts';
import { HeapTimer } from '../../lib/worker/timer/heap-timer.ts';
import { ROOT } from '../kit/process.ts';
import { app } from './pool-tasks.ts';

const HOSTNAME = 'pool@test';
const TASKS = fileURLToPath(new URL('pool-tasks.ts', import.meta.url));

interface Limits {
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
}

type JobEnd = { readonly outcome: TraceOutcome } | { readonly loss: JobLoss };

/** A job that notes what the pool tells it. */
class NotedJob implements Job {
  readonly request: TaskRequest;
  readonly timeLimit: number | null;
  readonly softTimeLimit: number | null;
  readonly notes: string[] = [];
  readonly end: Promise<JobEnd>;
  pid = 0;
  /** Let the handlers run as soon as the outcome is there. */
  handlesAtOnce = true;
  #handle: Handle | null = null;
  #resolve: (end: JobEnd) => void = () => {};

  constructor(task: string, args: readonly unknown[], { timeLimit, softTimeLimit }: Limits = {}) {
    const call = { task, id: `${task}-${Math.random()}`, args, kwargs: {}, origin: 'test', replyTo: 'oid' };
    this.request = decodeTaskRequest(encodeTaskMessage(call));
    this.timeLimit = timeLimit ?? null;
    this.softTimeLimit = softTimeLimit ?? null;
    this.end = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onAccepted(pid: number): void {
    this.pid = pid;
    this.notes.push('accepted');
  }

  onSoftLimit(seconds: number): void {
    this.notes.push(`soft ${seconds}`);
  }

  onOutcome(outcome: TraceOutcome, handle: Handle | null): void {
    this.notes.push(outcome.state);
    this.#handle = handle;
    if (this.handlesAtOnce) this.handle();
    this.#resolve({ outcome });
  }

  handle(): void {
    this.#handle?.((complaint) => this.notes.push(complaint === null ? 'handled' : `handled: ${complaint}`));
  }

  onLost(loss: JobLoss): void {
    this.notes.push(loss.kind);
    this.#resolve({ loss });
  }

  async storeState(_taskId: string, state: string, metaText: string): Promise<void> {
    this.notes.push(`${state} ${metaText}`);
  }

  sendEvent(type: string): void {
    this.notes.push(type);
  }
}

class NotedHost implements PoolHost {
  readonly logger = silentLogger;
  fatal: Error | null = null;
  rooms = 0;

  onRoom(): void {
    this.rooms += 1;
  }

  onFatal(error: Error): void {
    this.fatal = error;
  }
}

const timer = new HeapTimer(() => performance.now());

interface More {
  readonly app?: string;
  readonly maxTasksPerChild?: number;
  readonly maxMemoryPerChild?: number;
  readonly aliveTimeoutSeconds?: number;
  readonly resourceLimits?: ResourceLimits;
}

function childPoolOptions(
  host: PoolHost,
  size: number,
  { app: module = TASKS, ...more }: More,
): ThreadsPoolOptions {
  return {
    host,
    timer,
    size,
    settings: { app: module, overrides: {}, hostname: HOSTNAME, logLevel: 'CRITICAL' },
    childPath: `${ROOT}dist/lib/worker/pool/child-main.js`,
    ...more,
  };
}

const prefork = (host: PoolHost, size: number, more: More = {}): Pool =>
  new PreforkPool(childPoolOptions(host, size, more));
const threads = (host: PoolHost, size: number, more: More = {}): Pool =>
  new ThreadsPool(childPoolOptions(host, size, more));

const POOLS: readonly { kind: string; make: (host: PoolHost) => Pool }[] = [
  { kind: 'async', make: (host) => new AsyncPool({ app, host, timer, size: 2, hostname: HOSTNAME }) },
  { kind: 'solo', make: (host) => new SoloPool({ app, host, timer, hostname: HOSTNAME }) },
  { kind: 'prefork', make: (host) => prefork(host, 2) },
  { kind: 'threads', make: (host) => threads(host, 2) },
];

/** Its children become ready one by one. */
const hasChildren = (kind: string): boolean => kind === 'prefork' || kind === 'threads';

let host = new NotedHost();
let folder = '';
let pool: Pool;

/** Waits for room, then runs. */
async function run(
  task: string,
  args: readonly unknown[] = [],
  limits: Limits = {},
  handlesAtOnce = true,
): Promise<NotedJob> {
  const job = new NotedJob(task, args, limits);
  job.handlesAtOnce = handlesAtOnce;
  do await until(() => pool.hasRoom);
  while (!pool.hasRoom); // another run of the same moment was faster
  pool.run(job);
  return job;
}

async function until(isMet: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isMet()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function childrenOf(kind: string): number {
  return kind === 'threads' ? Number(pool.info()['threads']) : pool.pids().length;
}

/** An app of its own, which the test may write again. */
function writeApp(source: string): string {
  const path = join(folder, 'tasks.mts');
  writeFileSync(path, source);
  return path;
}

async function outcomeOf(job: NotedJob): Promise<TraceOutcome> {
  const end = await job.end;
  if ('outcome' in end) return end.outcome;
  throw new Error(`lost: ${JSON.stringify(end.loss)}`);
}

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
      await until(() => childrenOf(kind) > 0);
      await until(() => childrenOf(kind) === 0);
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
    await until(() => childrenOf(kind) === 2);
    await until(() => childrenOf(kind) === 1);
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
    await until(() => childrenOf(kind) === 1);
    expect(await who()).toBe(await who());
    const { rooms } = host;
    pool.grow(1);
    await until(() => host.rooms > rooms);
    expect(childrenOf(kind)).toBe(2);
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
    expect([pool.size, childrenOf(kind)]).toEqual([1, 1]);
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
