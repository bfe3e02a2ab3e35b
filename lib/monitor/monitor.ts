import type { OverviewRange } from '../contract/live.ts';
import type { Overview, Problem, TaskRow, WorkerRow } from '../contract/records.ts';
import type { ClusterEvent } from './event-fields.ts';
import { LostTasks } from './lost-tasks.ts';
import { buildOverview } from './overview.ts';
import { findProblems } from './problems.ts';
import { QueueTable, type Sample } from './queue-table.ts';
import { RateCounter } from './series-ring.ts';
import { TaskNames } from './task-names.ts';
import type { TaskRecord } from './task-record.ts';
import { TaskTable } from './task-table.ts';
import { Throughput } from './throughput.ts';
import type { WorkerRecord } from './worker-record.ts';
import { WorkerTable } from './worker-table.ts';

export interface MonitorOptions {
  /** Tasks kept in memory. Default 10,000; the history holds the rest. */
  readonly maxTasks?: number;
}

/** What changed since the last drain. */
export interface Changes {
  readonly tasks: readonly TaskRecord[];
  /** Names; one that is no longer known was removed. */
  readonly workers: readonly string[];
}

const MAX_FAILURES = 20;
const MAX_NAME = 255;
const TELL_LOSS_SECONDS = 3600;

/**
 * State of a cluster, built from its events. Pure: no I/O, and time comes in with each call. An event costs the same
 * however much is known; what needs a look at everything waits for `tick` or for whoever asks.
 */
export class Monitor {
  readonly workers = new WorkerTable();
  readonly queues = new QueueTable();
  readonly names = new TaskNames();
  readonly throughput = new Throughput();
  readonly tasks: TaskTable;
  readonly lost: LostTasks;
  readonly events = new RateCounter(5);
  readonly finished = new RateCounter(10);
  /** Events that could not be used. */
  dropped = 0;
  /** When the last event arrived, in seconds; null before the first. */
  lastEventAt: number | null = null;
  #changed = new Map<string, TaskRecord>();
  readonly #failures: TaskRecord[] = [];
  #lagSum = 0;
  #lagCount = 0;
  #lagMs: number | null = null;
  #problems: readonly Problem[] = [];
  #dataLostAt: number | null = null;

  constructor({ maxTasks = 10_000 }: MonitorOptions = {}) {
    this.tasks = new TaskTable(maxTasks, (record) => this.#forget(record));
    const noteChange = (record: TaskRecord) => void this.#changed.set(record.uuid, record);
    this.lost = new LostTasks(this.workers, this.tasks, noteChange);
  }

  /** Takes events as they arrived at `now`. Never throws: what cannot be used is dropped and counted. */
  apply(events: readonly ClusterEvent[], now: number): void {
    this.events.add(now, events.length);
    if (events.length > 0) this.lastEventAt = now;
    for (const event of events) {
      if (!this.#applyOne(event, now)) this.dropped += 1;
    }
  }

  /** Moves time on, about once a second: silent workers, lost tasks, the verdict. `isDeaf`: without its broker. */
  tick(now: number, isDeaf = false): void {
    if (isDeaf) this.workers.deaf(now);
    for (const worker of this.workers.tick(now)) this.lost.withWorker(worker);
    this.lost.tick(now);
    if (this.#lagCount > 0) this.#lagMs = (this.#lagSum / this.#lagCount) * 1000;
    this.#lagSum = 0;
    this.#lagCount = 0;
    if (this.#dataLostAt !== null && now - this.#dataLostAt > TELL_LOSS_SECONDS) this.#dataLostAt = null;
    this.#problems = findProblems(
      this.names.failing(now),
      this.queues.rows(now),
      this.workers.values(),
      this.#dataLostAt,
    );
    this.throughput.sample(now, this.queues.waiting, ...this.#slots());
  }

  /** The broker has lost everything that it held; said among the problems for an hour. */
  loseData(now: number): void {
    this.#dataLostAt = now;
  }

  sampleQueues(samples: readonly Sample[], now: number): void {
    const consumers = new Map<string, string[]>();
    let areConsumersKnown = true;
    for (const worker of this.workers.values()) {
      if (worker.status === 'offline') continue;
      if (worker.facts.queues === null) areConsumersKnown = false;
      for (const queue of worker.facts.queues ?? []) {
        consumers.set(queue, [...(consumers.get(queue) ?? []), worker.name]);
      }
    }
    this.queues.sample(samples, (name) => consumers.get(name) ?? [], areConsumersKnown, now);
  }

  /** What changed since the last call. */
  drain(): Changes {
    const tasks = [...this.#changed.values()];
    this.#changed = new Map();
    return { tasks, workers: this.workers.takeChanged() };
  }

  /** Marks a record as changed that was altered from outside (read from the result store). */
  touch(record: TaskRecord): void {
    this.#changed.set(record.uuid, record);
    const { worker } = record.facts;
    if (!record.isRunning && worker !== null) this.workers.get(worker)?.running.delete(record.uuid);
  }

  /** Puts back a task from the history, without counting it again. */
  restore(record: TaskRecord, now: number): void {
    this.tasks.add(record);
    const { name, worker, runtime, queue } = record.facts;
    if (name !== null) {
      this.names.see(name);
      if (record.state === 'SUCCESS' && runtime !== null) this.names.restoreRuntime(name, runtime);
    }
    if (queue !== null) this.queues.see(queue, now);
    if (record.isRunning && worker !== null) this.lost.restored(record, now);
    if (record.state === 'FAILURE') this.#noteFailure(record);
  }

  problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Newest failures first. */
  failures(): TaskRow[] {
    return this.#failures.filter(({ state }) => state === 'FAILURE').map((record) => record.toRow());
  }

  /** Mean delay of events of the last second in milliseconds. */
  get lagMs(): number | null {
    return this.#lagMs;
  }

  workerRow(worker: WorkerRecord, now: number): WorkerRow {
    return worker.toRow(now, (name) => this.names.p95(name));
  }

  workerRows(now: number): WorkerRow[] {
    return [...this.workers.values()]
      .map((worker) => this.workerRow(worker, now))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  overview(range: OverviewRange, states: Readonly<Record<string, number>>, now: number): Overview {
    return buildOverview(
      {
        throughput: this.throughput,
        states,
        workers: this.workerRows(now),
        queues: this.queues.rows(now),
        failures: this.failures(),
        problems: this.#problems,
      },
      range,
      now,
    );
  }

  #applyOne(event: ClusterEvent, now: number): boolean {
    const { type, timestamp, hostname } = event;
    if (typeof type !== 'string' || typeof hostname !== 'string' || !isTime(timestamp)) return false;
    if (hostname === '' || hostname.length > MAX_NAME || type.length > 100) return false;
    const dash = type.indexOf('-');
    const group = type.slice(0, dash);
    const kind = type.slice(dash + 1);
    if (group === 'worker') return this.#applyWorker(kind, event, now);
    return group === 'task' && kind !== '' && this.#applyTask(kind, event, now);
  }

  #applyWorker(kind: string, event: ClusterEvent, now: number): boolean {
    if (kind !== 'online' && kind !== 'heartbeat' && kind !== 'offline') return true;
    const worker = this.workers.ensure(event.hostname, now);
    if (worker.isSucceededBy(event)) this.lost.withPredecessor(worker, worker.startOf(event));
    worker.applyHeartbeat(kind, event, now);
    for (const queue of worker.facts.queues ?? []) this.queues.see(queue, now);
    if (kind === 'offline') this.lost.withWorker(worker);
    this.workers.touch(worker.name);
    return true;
  }

  #applyTask(kind: string, event: ClusterEvent, now: number): boolean {
    const id = event['uuid'];
    if (typeof id !== 'string' || id === '' || id.length > MAX_NAME) return false;
    this.#lagSum += Math.max(0, now - event.timestamp);
    this.#lagCount += 1;
    const record = this.tasks.touch(id);
    const before = { state: record.state, isRunning: record.isRunning, worker: record.facts.worker };
    record.apply(kind, event);
    if (kind === 'sent' || kind === 'received') this.tasks.linkParent(record);
    const worker = kind === 'sent' ? undefined : this.#hear(event.hostname, now);
    if (before.isRunning && before.worker !== null && before.worker !== record.facts.worker) {
      this.workers.get(before.worker)?.running.delete(id);
    }
    this.#occupy(record);
    this.#learnQueue(kind, record, worker, now);
    this.#count(kind, record, before.state, worker, now);
    this.#changed.set(id, record);
    return true;
  }

  #hear(hostname: string, now: number): WorkerRecord {
    const worker = this.workers.ensure(hostname, now);
    worker.beat(now);
    this.workers.touch(hostname);
    return worker;
  }

  #occupy(record: TaskRecord): void {
    const name = record.facts.worker;
    const worker = name === null ? undefined : this.workers.get(name);
    if (!worker) return;
    if (!record.isRunning) worker.running.delete(record.uuid);
    else if (worker.status !== 'offline') {
      record.facts.isLost = false;
      worker.running.set(record.uuid, record);
    }
  }

  /** Only sent events name the queue. A worker that takes from one queue only leaves no doubt either. */
  #learnQueue(kind: string, record: TaskRecord, worker: WorkerRecord | undefined, now: number): void {
    const { facts } = record;
    if (kind !== 'sent' && kind !== 'received') return;
    const only = worker?.facts.queues?.length === 1 ? worker.facts.queues[0] : undefined;
    if (facts.queue === null && only !== undefined) facts.queue = only;
    if (facts.queue === null) return;
    if (kind === 'sent') this.queues.countSent(facts.queue, now);
    else this.queues.countTaken(facts.queue, now);
  }

  #count(
    kind: string,
    record: TaskRecord,
    before: string,
    worker: WorkerRecord | undefined,
    now: number,
  ): void {
    const { facts, state } = record;
    const at = facts.timestamp;
    if (kind === 'received' && facts.name !== null) this.names.see(facts.name);
    if (kind === 'started') this.#countWait(record, now);
    if (kind === 'retried') this.throughput.finish('retry', at, now);
    if (state === before || (state !== 'SUCCESS' && state !== 'FAILURE')) return;
    const isFailure = state === 'FAILURE';
    this.finished.add(now);
    this.throughput.finish(isFailure ? 'failure' : 'success', at, now);
    worker?.countFinished(now, isFailure);
    if (facts.runtime !== null) this.throughput.ran(facts.runtime, at, now);
    if (isFailure) this.#noteFailure(record);
    if (facts.name === null) return;
    if (isFailure) this.names.failed(facts.name, facts.exception, now);
    else this.names.succeeded(facts.name, facts.runtime, now);
  }

  /** Time from sending to start; a task that was to wait for its ETA tells nothing about the queue. */
  #countWait({ facts }: TaskRecord, now: number): void {
    if (facts.started === null || facts.eta !== null) return;
    const from = facts.retries > 0 ? facts.received : (facts.sent ?? facts.received);
    if (from !== null) this.throughput.waited(facts.started - from, facts.started, now);
  }

  #noteFailure(record: TaskRecord): void {
    const known = this.#failures.indexOf(record);
    if (known >= 0) this.#failures.splice(known, 1);
    this.#failures.unshift(record);
    if (this.#failures.length > MAX_FAILURES) this.#failures.pop();
  }

  #slots(): [busy: number, total: number] {
    let busy = 0;
    let total = 0;
    for (const worker of this.workers.values()) {
      if (worker.status === 'offline') continue;
      busy += worker.active;
      total += worker.facts.concurrency ?? 0;
    }
    return [busy, total];
  }

  #forget(record: TaskRecord): void {
    const { worker } = record.facts;
    if (worker !== null) this.workers.get(worker)?.running.delete(record.uuid);
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 1e11;
}
