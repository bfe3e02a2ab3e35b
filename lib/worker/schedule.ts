import { toError } from '../contract/errors.ts';
import type { Delivery } from '../transport/transport.ts';
import { Fifo } from './fifo.ts';
import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';
import { type HeapTimer, type Timed, TimerEntry } from './timer/heap-timer.ts';

/*
 * Tasks that wait for their ETA. Only those that are nearly due are whole in memory; of the others stay tag, id and
 * time, and their messages stay with the broker, booked as ours:
 *
 *   add → near ──────────────(ETA)──────────→ onTime
 *   add → far ─(shortly before)→ due ─(read again, some at a time)→ near
 *   far, near → discarded when revoked; released when the worker stops
 *
 * However many become due at once, at most MAX_NEAR are read ahead of what the pool takes.
 */

export interface ScheduleOptions {
  readonly host: RequestHost;
  /** Tasks that wait for a slot: with many of them nothing more is read ahead. */
  readonly waitingCount: () => number;
  /** Takes a task whose time has come. */
  readonly onTime: (task: TaskHandle) => void;
  /** Of the wall clock. */
  readonly timer: HeapTimer;
  /** Makes a task of a message that was received before; null when it can no longer be used. */
  readonly revive: (delivery: Delivery) => TaskHandle | null;
  /** `worker_eta_task_limit`: beyond so many, further ones count against prefetch. null: 250,000. */
  readonly limit: number | null;
}

const DEFAULT_LIMIT = 250_000;
/** A task that is due sooner is kept as it is. */
const NEAR_MS = 2_000;
/** How long before its time a message is read again. */
const LEAD_MS = 500;
const MAX_NEAR = 1_000;
const RECALL_CHUNK = 100;
/** `inspect scheduled` names so many. */
const MAX_LISTED = 1_000;

/** One far task. */
class Far extends TimerEntry implements Timed {
  readonly key: string;
  readonly tag: string;
  readonly #schedule: Schedule;

  constructor(atMs: number, key: string, tag: string, schedule: Schedule) {
    super(atMs, null);
    this.target = this;
    this.key = key;
    this.tag = tag;
    this.#schedule = schedule;
  }

  onTime(): void {
    this.#schedule.wake(this);
  }
}

export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #near = new Map<TaskHandle, TimerEntry>();
  /** By task id; a second message of the same id has its tag behind it. */
  readonly #far = new Map<string, Far>();
  /** Far ones whose time has nearly come. */
  readonly #due = new Fifo<Far>();
  #isReading = false;
  #isClosed = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#near.size + this.#far.size;
  }

  /** `etaMs`: milliseconds since the epoch. */
  add(task: TaskHandle, etaMs: number): void {
    const { host, timer, limit } = this.#options;
    const { tag } = task.delivery;
    const isOver = this.size >= (limit ?? DEFAULT_LIMIT);
    if (!isOver) host.consumer.hold(tag);
    if (isOver || (this.#near.size < MAX_NEAR && timer.until(etaMs) < NEAR_MS)) {
      this.#near.set(task, timer.at(etaMs, task));
      return;
    }
    const { id } = task.request;
    const key = this.#far.has(id) ? `${id} ${tag}` : id;
    const far = new Far(etaMs - LEAD_MS, key, tag, this);
    this.#far.set(key, far);
    timer.add(far);
  }

  /** A near one's time has come. */
  onDue(task: TaskHandle): void {
    const { host, onTime } = this.#options;
    if (!this.#near.delete(task)) return;
    host.consumer.unhold(task.delivery.tag);
    onTime(task);
    this.feed();
  }

  /** A far one's time is near. */
  wake(far: Far): void {
    this.#due.push(far);
    this.feed();
  }

  /** Reads again what is due, as long as what was read before is taken by the pool. */
  feed(): void {
    if (this.#due.size === 0 || this.#isReading || this.#isClosed || !this.#hasRoom) return;
    this.#isReading = true;
    // What becomes due in the same turn is read together.
    setImmediate(() => void this.#read());
  }

  /** Settles the scheduled tasks among these ids as revoked. */
  discard(ids: ReadonlySet<string>): void {
    for (const [task, entry] of [...this.#near]) {
      if (!ids.has(task.request.id)) continue;
      this.#options.timer.cancel(entry);
      this.#near.delete(task);
      task.discardIfRevoked();
    }
    if (this.#far.size === 0) return;
    const found: Far[] = [];
    for (const id of ids) {
      const far = this.#far.get(id);
      // One whose time has nearly come is discarded before it starts.
      if (far === undefined || far.target === null) continue;
      this.#options.timer.cancel(far);
      this.#far.delete(id);
      found.push(far);
    }
    void this.#discardFar(found);
  }

  /** The first thousand, for `inspect scheduled`. */
  async list(): Promise<TaskHandle[]> {
    const near = [...this.#near.keys()].slice(0, MAX_LISTED);
    const tags: string[] = [];
    for (const { tag } of this.#far.values()) {
      if (near.length + tags.length >= MAX_LISTED) break;
      tags.push(tag);
    }
    return [...near, ...(await this.#recall(tags).catch(() => []))];
  }

  /** Gives everything back to its queue and takes nothing more; returns how many. */
  close(): number {
    const { host } = this.#options;
    this.#isClosed = true;
    for (const task of this.#near.keys()) task.release();
    for (const { tag } of this.#far.values()) host.consumer.release(tag);
    return this.#clear();
  }

  /** Lets go of everything, because the broker has it back; returns how many. */
  forget(): number {
    for (const task of this.#near.keys()) task.drop();
    return this.#clear();
  }

  #clear(): number {
    const count = this.size;
    this.#options.timer.stop();
    this.#due.drain();
    this.#near.clear();
    this.#far.clear();
    return count;
  }

  get #hasRoom(): boolean {
    return this.#near.size + this.#options.waitingCount() < MAX_NEAR;
  }

  async #read(): Promise<void> {
    while (this.#due.size > 0 && this.#hasRoom && !this.#isClosed) {
      const some: Far[] = [];
      for (let far = this.#due.shift(); far !== undefined; far = this.#due.shift()) {
        some.push(far);
        if (some.length === RECALL_CHUNK) break;
      }
      const tasks = await this.#recallOrRelease(some.map(({ tag }) => tag));
      // What was given back meanwhile is another worker's.
      const ours = some.filter((far) => this.#far.get(far.key) === far);
      const tags = new Set(ours.map(({ tag }) => tag));
      for (const { key } of ours) this.#far.delete(key);
      for (const task of tasks) if (tags.has(task.delivery.tag)) this.#approach(task);
    }
    this.#isReading = false;
  }

  #approach(task: TaskHandle): void {
    const { eta } = task.request;
    this.#near.set(task, this.#options.timer.at((eta ?? 0) * 1000, task));
  }

  async #discardFar(found: readonly Far[]): Promise<void> {
    for (let first = 0; first < found.length; first += RECALL_CHUNK) {
      const tags = found.slice(first, first + RECALL_CHUNK).map(({ tag }) => tag);
      for (const task of await this.#recallOrRelease(tags)) task.discardIfRevoked();
    }
  }

  /** Those that are this worker's no more are left out: another has them. */
  async #recall(tags: readonly string[]): Promise<TaskHandle[]> {
    if (tags.length === 0) return [];
    const { host, revive } = this.#options;
    const deliveries = await host.consumer.recall(tags);
    return deliveries.flatMap((delivery) => (delivery === null ? [] : (revive(delivery) ?? [])));
  }

  /** What cannot be read goes back to its queue, to be received anew: kept here it would never run. */
  async #recallOrRelease(tags: readonly string[]): Promise<TaskHandle[]> {
    const { host } = this.#options;
    try {
      return await this.#recall(tags);
    } catch (error) {
      host.logger.error(
        `Cannot read ${tags.length} scheduled task(s) again: ${toError(error).message}. They go back to their queues.`,
      );
      for (const tag of tags) host.consumer.release(tag);
      return [];
    }
  }
}
