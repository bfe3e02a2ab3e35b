import { fileURLToPath } from 'node:url';
import type { ResourceLimits } from 'node:worker_threads';
import type { TraceOutcome } from '../../lib/app/trace-outcome.ts';
import { decodeTaskRequest, encodeTaskMessage, type TaskRequest } from '../../lib/protocol/task-message.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import type { Handle, Job, JobLoss, Pool, PoolHost } from '../../lib/worker/pool/pool.ts';
import { PreforkPool } from '../../lib/worker/pool/prefork.ts';
import { ThreadsPool, type ThreadsPoolOptions } from '../../lib/worker/pool/threads.ts';
import { HeapTimer } from '../../lib/worker/timer/heap-timer.ts';
import { ROOT } from '../kit/process.ts';

/* Jobs and hosts that note what a pool tells them. */

export const HOSTNAME = 'pool@test';
const TASKS = fileURLToPath(new URL('pool-tasks.ts', import.meta.url));

export interface Limits {
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
}

type JobEnd = { readonly outcome: TraceOutcome } | { readonly loss: JobLoss };

/** A job that notes what the pool tells it. */
export class NotedJob implements Job {
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

export class NotedHost implements PoolHost {
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

export const timer = new HeapTimer(() => performance.now());

export interface More {
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

export const prefork = (host: PoolHost, size: number, more: More = {}): Pool =>
  new PreforkPool(childPoolOptions(host, size, more));
export const threads = (host: PoolHost, size: number, more: More = {}): Pool =>
  new ThreadsPool(childPoolOptions(host, size, more));

/** Waits for room, then runs. */
export async function runIn(
  pool: Pool,
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

export async function until(isMet: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isMet()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function outcomeOf(job: NotedJob): Promise<TraceOutcome> {
  const end = await job.end;
  if ('outcome' in end) return end.outcome;
  throw new Error(`lost: ${JSON.stringify(end.loss)}`);
}

export function childrenOf(pool: Pool): number {
  return pool.kind === 'threads' ? Number(pool.info()['threads']) : pool.pids().length;
}
