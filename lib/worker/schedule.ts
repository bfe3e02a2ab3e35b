import { toError } from '../contract/errors.ts';
import type { Delivery } from '../transport/transport.ts';
import { FarTasks } from './far-tasks.ts';
import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';
import type { HeapTimer, TimerEntry } from './timer/heap-timer.ts';

/*
 * Tasks that wait for their ETA. Only those that are nearly due are whole in memory; of the others stay a few numbers,
 * and their messages stay with the broker, booked as ours:
 *
 *   add → near ──────────────(ETA)──────────→ onTime
 *   add → far ─(shortly before)→ read again ─→ near
 *   far, near → discarded when revoked; released when the worker stops
 *
 * Messages are read again up to a hundred at a time, the next while the last are handed over. However many become due at
 * once, at most MAX_NEAR are read ahead of what the pool takes.
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
/** How long before its time a message is read again at the latest, and with it those that are due soon after. */
const LEAD_MS = 1_000;
const SPAN_MS = 500;
/** More would outlive two minor collections, and be garbage that only a full one takes. */
const MAX_NEAR = 500;
const RECALL_CHUNK = 100;
/** `inspect scheduled` names so many. */
const MAX_LISTED = 1_000;

export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #near = new Map<TaskHandle, TimerEntry>();
  /** Near ones that are beyond the limit, however far their ETA. */
  readonly #over = new Set<TaskHandle>();
  readonly #far = new FarTasks();
  /** Tags of far ones that are just being read again. */
  readonly #reading = new Set<string>();
  /** Until the first far one is to be read; null when it is time, but there was no room. */
  #alarm: TimerEntry | null = null;
  #isClosed = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    return this.#near.size + this.#far.size + this.#reading.size;
  }

  /** `etaMs`: milliseconds since the epoch. */
  add(task: TaskHandle, etaMs: number): void {
    const { host, timer, limit } = this.#options;
    if (this.size >= (limit ?? DEFAULT_LIMIT)) {
      this.#over.add(task);
      this.#approach(task, etaMs);
      return;
    }
    const number = host.consumer.hold(task.delivery.tag);
    if (timer.until(etaMs) < NEAR_MS && this.#room > 0) {
      this.#approach(task, etaMs);
      return;
    }
    this.#far.add(etaMs, number, task.request.id);
    if (this.#far.firstAt === etaMs) this.#setAlarm();
  }

  /** A near one's time has come. */
  onDue(task: TaskHandle): void {
    const { host, onTime } = this.#options;
    if (!this.#near.delete(task)) return;
    this.#over.delete(task);
    host.consumer.unhold(task.delivery.tag);
    onTime(task);
    this.feed();
  }

  /** A far one's time is near. */
  onTime(): void {
    this.#alarm = null;
    this.feed();
  }

  /** Reads again what is nearly due, as long as what was read before is taken by the pool. */
  feed(): void {
    if (this.#alarm !== null || this.#far.size === 0 || this.#isClosed) return;
    const { host, timer } = this.#options;
    while (timer.until(this.#far.firstAt) <= LEAD_MS) {
      if (this.#room < RECALL_CHUNK) return;
      const numbers = this.#far.takeUntil(host.nowMs() + LEAD_MS + SPAN_MS, RECALL_CHUNK);
      void this.#read(numbers.map((number) => host.consumer.tagOf(number)));
    }
    this.#setAlarm();
  }

  /** Settles the scheduled tasks among these ids as revoked. */
  discard(ids: ReadonlySet<string>): void {
    for (const [task, entry] of [...this.#near]) {
      if (!ids.has(task.request.id)) continue;
      this.#options.timer.cancel(entry);
      this.#near.delete(task);
      this.#over.delete(task);
      task.discardIfRevoked();
    }
    // One that is just being read is discarded before it starts.
    const { consumer } = this.#options.host;
    void this.#discardFar(this.#far.takeByIds(ids).map((number) => consumer.tagOf(number)));
  }

  /** A thousand at most, for `inspect scheduled`. */
  async list(): Promise<TaskHandle[]> {
    const { consumer } = this.#options.host;
    const near = [...this.#near.keys()].slice(0, MAX_LISTED);
    const far = this.#far.list(MAX_LISTED - near.length).map((number) => consumer.tagOf(number));
    return [...near, ...(await this.#recall(far).catch(() => []))];
  }

  /** Gives everything back to its queue and takes nothing more; returns how many. */
  close(): number {
    const { consumer } = this.#options.host;
    this.#isClosed = true;
    for (const task of this.#near.keys()) task.release();
    for (const tag of this.#reading) consumer.release(tag);
    for (const number of this.#far.list()) consumer.release(consumer.tagOf(number));
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
    this.#alarm = null;
    this.#near.clear();
    this.#over.clear();
    this.#reading.clear();
    this.#far.clear();
    return count;
  }

  /** How many more may be in memory ahead of their time, and waiting for a slot beyond what prefetch allows. */
  get #room(): number {
    const { host, waitingCount } = this.#options;
    const { prefetch } = host.consumer;
    const ahead = this.#near.size - this.#over.size + this.#reading.size;
    return MAX_NEAR - ahead - (prefetch === 0 ? 0 : Math.max(0, waitingCount() - prefetch));
  }

  #setAlarm(): void {
    const { timer } = this.#options;
    const atMs = this.#far.firstAt - LEAD_MS;
    if (this.#alarm !== null) {
      if (this.#alarm.at <= atMs) return;
      timer.cancel(this.#alarm);
    }
    this.#alarm = this.#far.size === 0 ? null : timer.at(atMs, this);
  }

  async #read(tags: readonly string[]): Promise<void> {
    for (const tag of tags) this.#reading.add(tag);
    const tasks = await this.#recallOrRelease(tags);
    // What was given back meanwhile is another worker's.
    const ours = tasks.filter(({ delivery }) => this.#reading.has(delivery.tag));
    for (const tag of tags) this.#reading.delete(tag);
    for (const task of ours) this.#approach(task, etaMsOf(task));
    this.feed();
  }

  #approach(task: TaskHandle, etaMs: number): void {
    this.#near.set(task, this.#options.timer.at(etaMs, task));
  }

  async #discardFar(tags: readonly string[]): Promise<void> {
    for (let first = 0; first < tags.length; first += RECALL_CHUNK) {
      for (const task of await this.#recallOrRelease(tags.slice(first, first + RECALL_CHUNK))) {
        // Another one whose id has the same hash goes on waiting.
        if (!task.discardIfRevoked() && !this.#isClosed) this.add(task, etaMsOf(task));
      }
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

function etaMsOf({ request }: TaskHandle): number {
  return (request.eta ?? 0) * 1000;
}
