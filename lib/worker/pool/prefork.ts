import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UmbelError } from '../../contract/errors.ts';
import { backoffMs } from '../../util/backoff.ts';
import type { HeapTimer } from '../timer/heap-timer.ts';
import { Child, type ChildExit, type ChildListener } from './child.ts';
import type { ChildSettings } from './ipc.ts';
import type { Job, Pool, PoolHost, PoolKind } from './pool.ts';

export interface PreforkPoolOptions {
  readonly host: PoolHost;
  /** Runs the time limits; a clock that nobody sets. */
  readonly timer: HeapTimer;
  readonly size: number;
  readonly settings: Omit<ChildSettings, 'processName' | 'reportsMemory'>;
  /** Replace a child after so many tasks. Default: never. */
  readonly maxTasksPerChild?: number | null;
  /** Replace a child that uses more resident memory than this, in KiB, after its task. Default: never. */
  readonly maxMemoryPerChild?: number | null;
  /** The compiled `child-main.js`. Default: the one beside this file. */
  readonly childPath?: string;
}

/** So many starts in a row that never got ready mean that none will. */
const MAX_FAILED_STARTS = 5;
const RESTART_BACKOFF = { baseMs: 100, maxMs: 5000 };

/**
 * Runs tasks in child processes, one task each at a time: for tasks that compute, and so that a crash, a leak or a hard
 * limit costs one task only. A lost child is replaced at once; children that die before they are ready are replaced
 * more and more slowly, and when five in a row did, the pool gives up.
 */
export class PreforkPool implements Pool, ChildListener {
  readonly kind: PoolKind = 'prefork';
  readonly #options: PreforkPoolOptions;
  readonly #childPath: string;
  readonly #children = new Set<Child>();
  readonly #idle: Child[] = [];
  readonly #restarts = new Set<NodeJS.Timeout>();
  #size: number;
  #spawned = 0;
  #jobCount = 0;
  #failedStarts = 0;
  #isStopping = false;
  #waiters: (() => void)[] = [];

  constructor(options: PreforkPoolOptions) {
    this.#options = options;
    this.#size = options.size;
    this.#childPath =
      options.childPath ?? fileURLToPath(new URL(`child-main${extname(import.meta.url)}`, import.meta.url));
  }

  get size(): number {
    return this.#size;
  }

  get active(): number {
    let active = 0;
    for (const child of this.#children) if (child.job !== null) active += 1;
    return active;
  }

  get hasRoom(): boolean {
    return this.#idle.length > 0 && !this.#isStopping;
  }

  /** Resolves when the first child is ready, so that a task module that does not load is known at once. */
  async start(): Promise<void> {
    for (let index = 0; index < this.#size; index += 1) this.#spawn();
    await this.#until(() => this.#idle.length > 0 || this.#isStopping);
  }

  /** Idle children end, busy ones after their task. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const restart of this.#restarts) clearTimeout(restart);
    this.#restarts.clear();
    for (const child of this.#children) child.retire();
    await this.#until(() => this.#children.size === 0);
  }

  run(job: Job): void {
    const child = this.#idle.pop();
    if (child === undefined) throw new UmbelError('internal', 'The pool has no idle process.');
    this.#jobCount += 1;
    child.run(job, this.#jobCount);
  }

  terminate(taskId: string, signal: NodeJS.Signals): boolean {
    for (const child of this.#children) {
      if (child.job?.request.id !== taskId) continue;
      child.kill(signal, { kind: 'terminated', signal });
      return true;
    }
    return false;
  }

  async abandonAll(): Promise<void> {
    this.#isStopping = true;
    for (const child of this.#children) child.kill('SIGKILL', { kind: 'shutdown' });
    await this.#until(() => this.#children.size === 0);
  }

  grow(count: number): void {
    this.#size += count;
    for (let index = 0; index < count; index += 1) this.#spawn();
  }

  shrink(count: number): void {
    if (count >= this.#size) {
      throw new UmbelError(
        'bad_request',
        `Cannot shrink a pool of ${this.#size} by ${count}: one process must stay.`,
      );
    }
    this.#size -= count;
    const busyLast = [...this.#children].filter((child) => !child.isRetiring).sort(byIdleFirst);
    for (const child of busyLast.slice(0, count)) this.#retire(child);
  }

  pids(): number[] {
    return [...this.#children].map((child) => child.pid);
  }

  info(): Record<string, unknown> {
    return {
      implementation: 'umbel.worker.pool:PreforkPool',
      'max-concurrency': this.#size,
      processes: this.pids(),
      'max-tasks-per-child': this.#options.maxTasksPerChild ?? 'N/A',
      'put-guarded-by-semaphore': false,
      timeouts: [0, 0],
      writes: {
        total: this.#jobCount,
        avg: (this.#children.size === 0 ? 0 : this.#jobCount / this.#children.size).toFixed(2),
        all: [...this.#children].map((child) => child.doneCount).join(', '),
        raw: [...this.#children].map((child) => child.doneCount).join(', '),
        strategy: 'fair',
        inqueues: { total: this.#children.size, active: this.active },
      },
    };
  }

  onReady(child: Child): void {
    this.#failedStarts = 0;
    this.#offer(child);
  }

  onIdle(child: Child): void {
    const { maxTasksPerChild, maxMemoryPerChild } = this.#options;
    const isWorn = maxTasksPerChild != null && child.doneCount >= maxTasksPerChild;
    const isFat =
      maxMemoryPerChild != null && child.memoryBytes !== null && child.memoryBytes > maxMemoryPerChild * 1024;
    if (isWorn || isFat) child.retire();
    else this.#offer(child);
  }

  onExit(child: Child, exit: ChildExit): void {
    this.#children.delete(child);
    this.#forgetIdle(child);
    if (!child.isRetiring && !this.#isStopping) {
      this.#options.host.logger.error(
        `Process '${child.settings.processName}' pid:${child.pid} exited with '${exit.text}'`,
      );
    }
    this.#replace(exit);
    this.#wake();
  }

  #replace(exit: ChildExit): void {
    if (this.#isStopping || this.#children.size + this.#restarts.size >= this.#size) return;
    if (exit.wasReady) {
      this.#spawn();
      return;
    }
    this.#failedStarts += 1;
    if (exit.complaint !== null || this.#failedStarts >= MAX_FAILED_STARTS) {
      this.#giveUp(exit);
      return;
    }
    const restart = setTimeout(
      () => {
        this.#restarts.delete(restart);
        this.#spawn();
      },
      backoffMs(this.#failedStarts - 1, RESTART_BACKOFF),
    );
    this.#restarts.add(restart);
  }

  #giveUp({ complaint, text }: ChildExit): void {
    this.#isStopping = true;
    this.#options.host.onFatal(
      new UmbelError(
        'unavailable',
        complaint ?? `The pool's processes end before they are ready (${this.#failedStarts} times, ${text}).`,
      ),
    );
  }

  #spawn(): void {
    this.#spawned += 1;
    const settings: ChildSettings = {
      ...this.#options.settings,
      processName: `ForkPoolWorker-${this.#spawned}`,
      reportsMemory: this.#options.maxMemoryPerChild != null,
    };
    this.#children.add(new Child(this.#childPath, settings, this.#options.timer, this));
  }

  #offer(child: Child): void {
    if (child.isRetiring || this.#isStopping) return;
    this.#idle.push(child);
    this.#wake();
    this.#options.host.onRoom();
  }

  #retire(child: Child): void {
    this.#forgetIdle(child);
    child.retire();
  }

  #forgetIdle(child: Child): void {
    const at = this.#idle.indexOf(child);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  async #until(isMet: () => boolean): Promise<void> {
    while (!isMet()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }
}

function byIdleFirst(a: Child, b: Child): number {
  return Number(a.job !== null) - Number(b.job !== null);
}
