import type { Celery } from '../../app/celery.ts';
import { UmbelError } from '../../contract/errors.ts';
import { TransientSet } from '../../util/transient.ts';
import type { HeapTimer } from '../timer/heap-timer.ts';
import { InLoopRun } from './in-loop-run.ts';
import type { Job, JobLoss, Pool, PoolHost, PoolKind } from './pool.ts';

export interface AsyncPoolOptions {
  readonly app: Celery;
  readonly host: PoolHost;
  /** Runs the time limits; a clock that nobody sets. */
  readonly timer: HeapTimer;
  readonly size: number;
  /** Node name, for the tasks. */
  readonly hostname: string;
}

/**
 * Runs tasks as promises in the worker's own event loop: for tasks that wait more than they compute. A limit or a
 * terminate aborts the task's signal and gives its slot away; code that ignores the signal cannot be stopped, its
 * outcome is dropped.
 */
export class AsyncPool implements Pool {
  readonly kind: PoolKind = 'async';
  readonly #options: AsyncPoolOptions;
  readonly #runs = new TransientSet<InLoopRun>();
  #size: number;
  #isStopped = false;

  constructor(options: AsyncPoolOptions) {
    this.#options = options;
    this.#size = options.size;
  }

  get size(): number {
    return this.#size;
  }

  get active(): number {
    return this.#runs.size;
  }

  get hasRoom(): boolean {
    return this.#runs.size < this.#size && !this.#isStopped;
  }

  async start(): Promise<void> {
    this.#isStopped = false;
  }

  /** Takes nothing more. Runs that are under way are the worker's to wait for or to terminate. */
  async stop(): Promise<void> {
    this.#isStopped = true;
  }

  run(job: Job): void {
    const run = new InLoopRun(job, this.#options.hostname, this.#options.timer, this.#onEnd);
    this.#runs.add(run);
    run.start(this.#options.app);
  }

  terminate(taskId: string, signal: NodeJS.Signals): boolean {
    return this.#abandon(taskId, { kind: 'terminated', signal });
  }

  interrupt(taskId: string): boolean {
    const run = this.#runOf(taskId);
    run?.interrupt();
    return run !== undefined;
  }

  cancel(taskId: string): boolean {
    return this.#abandon(taskId, { kind: 'cancelled' });
  }

  #abandon(taskId: string, loss: JobLoss): boolean {
    const run = this.#runOf(taskId);
    run?.abandon(loss);
    return run !== undefined;
  }

  #runOf(taskId: string): InLoopRun | undefined {
    for (const run of this.#runs) if (run.job.request.id === taskId) return run;
    return undefined;
  }

  async abandonAll(): Promise<void> {
    this.#isStopped = true;
    for (const run of [...this.#runs]) run.abandon({ kind: 'shutdown' });
  }

  grow(count: number): void {
    this.#size += count;
    this.#options.host.onRoom();
  }

  shrink(count: number): void {
    if (count >= this.#size) {
      throw new UmbelError(
        'bad_request',
        `Cannot shrink a pool of ${this.#size} by ${count}: one slot must stay.`,
      );
    }
    this.#size -= count;
  }

  restart(): void {
    throw new UmbelError(
      'unsupported',
      `The ${this.kind} pool runs tasks in the worker itself: only a restart of the worker loads new code.`,
    );
  }

  pids(): number[] {
    return [process.pid];
  }

  info(): Record<string, unknown> {
    return {
      implementation: 'umbel.concurrency.async:TaskPool',
      'max-concurrency': this.#size,
      processes: this.pids(),
      'max-tasks-per-child': 'N/A',
      'put-guarded-by-semaphore': false,
      timeouts: [],
      'free-slots': Math.max(0, this.#size - this.#runs.size),
    };
  }

  readonly #onEnd = (run: InLoopRun): void => {
    this.#runs.delete(run);
    this.#options.host.onRoom();
  };
}
