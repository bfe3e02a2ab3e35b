import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UmbelError } from '../../contract/errors.ts';
import type { HeapTimer } from '../timer/heap-timer.ts';
import type { Carrier, CarrierListener } from './carrier.ts';
import { Child, type ChildExit, type ChildListener } from './child.ts';
import type { ChildSettings } from './ipc.ts';
import type { Job, JobLoss, Pool, PoolHost, PoolKind } from './pool.ts';
import { StartGuard } from './start-guard.ts';

export interface ChildPoolOptions {
  readonly host: PoolHost;
  /** Runs the time limits; a clock that nobody sets. */
  readonly timer: HeapTimer;
  readonly size: number;
  readonly settings: Omit<ChildSettings, 'processName' | 'reportsMemory'>;
  /** Replace a child after so many tasks. Default: never. */
  readonly maxTasksPerChild?: number | null;
  /** Replace a child that uses more memory than this, in KiB, after its task. Default: never. */
  readonly maxMemoryPerChild?: number | null;
  /** Seconds in which a new child must be ready; else it is ended and started again. Default 60. */
  readonly aliveTimeoutSeconds?: number;
  /** The compiled `child-main.js`. Default: the one beside this file. */
  readonly childPath?: string;
}

const ALIVE_TIMEOUT_SECONDS = 60;

/**
 * Runs tasks in children, processes or threads, one task each at a time, so that a crash, a leak or a hard limit costs
 * one task only. Children start a few at a time. A lost one is replaced at once; those that end before they are ready are
 * replaced more and more slowly, and when five in a row did and none is left, the pool gives up.
 */
export abstract class ChildPool implements Pool, ChildListener {
  abstract readonly kind: PoolKind;
  protected readonly host: PoolHost;
  /** What the log calls a child. */
  protected readonly childNoun: string = 'Process';
  readonly #options: ChildPoolOptions;
  readonly #childPath: string;
  readonly #children = new Set<Child>();
  readonly #idle: Child[] = [];
  readonly #starts: StartGuard;
  #size: number;
  #spawned = 0;
  #jobCount = 0;
  #isStopping = false;
  /** Some child was ready once: the app can be loaded. */
  #hasLoaded = false;
  /** A restart under way: the first child with the new code, and those that go once it is ready. */
  #trial: { readonly child: Child; readonly old: readonly Child[] } | null = null;
  #waiters: (() => void)[] = [];

  constructor(options: ChildPoolOptions) {
    this.#options = options;
    this.host = options.host;
    this.#size = options.size;
    this.#starts = new StartGuard(options.timer, () => this.#fill());
    this.#childPath =
      options.childPath ?? fileURLToPath(new URL(`child-main${extname(import.meta.url)}`, import.meta.url));
  }

  abstract info(): Record<string, unknown>;
  /** `ForkPoolWorker-1`. */
  protected abstract childName(number: number): string;
  protected abstract carry(path: string, name: string, listener: CarrierListener): Carrier;

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

  protected get childCount(): number {
    return this.#children.size;
  }

  /** Resolves when the first child is ready, so that a task module that does not load is known at once. */
  async start(): Promise<void> {
    this.#fill();
    await this.#until(() => this.#idle.length > 0 || this.#isStopping);
  }

  /** Idle children end, busy ones after their task. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake();
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
    return this.#endRun(taskId, signal, { kind: 'terminated', signal });
  }

  interrupt(taskId: string): boolean {
    const child = this.#runnerOf(taskId);
    child?.interrupt();
    return child !== undefined;
  }

  cancel(taskId: string): boolean {
    return this.#endRun(taskId, 'SIGTERM', { kind: 'cancelled' });
  }

  async abandonAll(): Promise<void> {
    this.#isStopping = true;
    this.#wake();
    for (const child of this.#children) child.kill('SIGKILL', { kind: 'shutdown' });
    await this.#until(() => this.#children.size === 0);
  }

  grow(count: number): void {
    this.#size += count;
    this.#fill();
  }

  shrink(count: number): void {
    if (count >= this.#size) {
      const noun = this.childNoun.toLowerCase();
      throw new UmbelError(
        'bad_request',
        `Cannot shrink a pool of ${this.#size} by ${count}: one ${noun} must stay.`,
      );
    }
    this.#size -= count;
    const busyLast = [...this.#children]
      .filter((child) => !child.isRetiring)
      .sort((a, b) => costOf(a) - costOf(b));
    for (const child of busyLast.slice(0, Math.max(0, busyLast.length - this.#size))) this.#retire(child);
  }

  /** The old children go on until a new one is ready: code that does not load changes nothing. */
  restart(): void {
    if (this.#isStopping || this.#trial !== null) return;
    const old = [...this.#children];
    this.#trial = { child: this.#spawn(), old };
  }

  pids(): number[] {
    return [...this.#children].map((child) => child.pid);
  }

  onReady(child: Child): void {
    this.#starts.succeeded(child);
    this.#hasLoaded = true;
    this.#offer(child);
    this.#fill();
    if (this.#trial?.child !== child) return;
    const { old } = this.#trial;
    this.#trial = null;
    for (const before of old) if (this.#children.has(before)) this.#retire(before);
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
    this.#starts.ended(child);
    if (this.#trial?.child === child) this.#abandonRestart(exit);
    else if (!child.isRetiring && !this.#isStopping) this.#report(child, exit);
    if (!exit.wasReady && !child.isRetiring) this.#onFailedStart(exit);
    this.#fill();
    this.#wake();
  }

  /** Facts about children for `info`, as Celery's prefork pool has them (celery/concurrency/prefork.py). */
  protected childInfo(): Record<string, unknown> {
    const children = [...this.#children];
    const done = children.map((child) => child.doneCount).filter((count) => count > 0);
    const share = (count: number): string => (this.#jobCount === 0 ? 0 : count / this.#jobCount).toFixed(2);
    return {
      'max-tasks-per-child': this.#options.maxTasksPerChild ?? 'N/A',
      'put-guarded-by-semaphore': false,
      timeouts: [0, 0],
      writes: {
        total: this.#jobCount,
        avg: share(done.length === 0 ? 0 : this.#jobCount / done.length),
        all: done.map(share).join(', '),
        raw: done.join(', '),
        strategy: 'fair',
        inqueues: { total: children.length, active: this.active },
      },
    };
  }

  #endRun(taskId: string, signal: NodeJS.Signals, loss: JobLoss): boolean {
    const child = this.#runnerOf(taskId);
    child?.kill(signal, loss);
    return child !== undefined;
  }

  #runnerOf(taskId: string): Child | undefined {
    for (const child of this.#children) if (child.job?.request.id === taskId) return child;
    return undefined;
  }

  /** Starts what is missing, as far as it may start now. */
  #fill(): void {
    while (!this.#isStopping && this.#children.size < this.#size && this.#starts.mayStart) this.#spawn();
  }

  #report({ name, pid }: Child, { text, complaint }: ChildExit): void {
    const why = complaint === null ? '' : `: ${complaint}`;
    this.host.logger.error(`${this.childNoun} '${name}' pid:${pid} exited with '${text}'${why}`);
  }

  /** What does not load at first never will. Later it may be half written, and the children that are there go on. */
  #onFailedStart(exit: ChildExit): void {
    if (this.#isStopping) return;
    this.#starts.failed();
    const isLeft = [...this.#children].some(({ isReady }) => isReady);
    if (isLeft) return;
    if (this.#starts.isHopeless || (exit.complaint !== null && !this.#hasLoaded)) this.#giveUp(exit);
  }

  #giveUp({ complaint, text }: ChildExit): void {
    this.#isStopping = true;
    const noun = this.childNoun === 'Thread' ? 'threads' : 'processes';
    this.host.onFatal(
      new UmbelError(
        'unavailable',
        complaint ??
          `The pool's ${noun} end before they are ready (${this.#starts.failures} times, ${text}).`,
      ),
    );
  }

  #abandonRestart({ complaint, text }: ChildExit): void {
    this.#trial = null;
    this.host.logger.error(
      `The pool is not restarted, it goes on with the code it has: ${complaint ?? text}`,
    );
  }

  #spawn(): Child {
    this.#spawned += 1;
    const name = this.childName(this.#spawned);
    const child = new Child({
      name,
      start: (listener) => this.carry(this.#childPath, name, listener),
      settings: {
        ...this.#options.settings,
        processName: name,
        reportsMemory: this.#options.maxMemoryPerChild != null,
      },
      timer: this.#options.timer,
      aliveTimeoutMs: (this.#options.aliveTimeoutSeconds ?? ALIVE_TIMEOUT_SECONDS) * 1000,
      listener: this,
    });
    this.#children.add(child);
    this.#starts.started(child);
    return child;
  }

  #offer(child: Child): void {
    if (child.isRetiring || this.#isStopping) return;
    this.#idle.push(child);
    this.#wake();
    this.host.onRoom();
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

/** What ending it costs: little before it is ready, something when it is idle, most when it is busy. */
function costOf({ isReady, job }: Child): number {
  return Number(isReady) + Number(job !== null);
}
