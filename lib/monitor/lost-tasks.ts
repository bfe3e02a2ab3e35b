import type { TaskRecord } from './task-record.ts';
import type { TaskTable } from './task-table.ts';
import type { WorkerRecord } from './worker-record.ts';
import type { WorkerTable } from './worker-table.ts';

/** Time for a worker to show itself after a start of the monitor: its heartbeats come every few seconds. */
const GRACE_SECONDS = 15;

/**
 * Which running tasks went down with their worker. Nobody else tells: an early-ack task of a killed worker has left the
 * broker and never reaches the result store.
 */
export class LostTasks {
  readonly #workers: WorkerTable;
  readonly #tasks: TaskTable;
  readonly #onChange: (record: TaskRecord) => void;
  /** Tasks that ran when the history was written, until their workers show whether they live. */
  #adrift: TaskRecord[] = [];
  #adriftSince = 0;

  constructor(workers: WorkerTable, tasks: TaskTable, onChange: (record: TaskRecord) => void) {
    this.#workers = workers;
    this.#tasks = tasks;
    this.#onChange = onChange;
  }

  /** The worker is gone, and everything it ran. */
  withWorker(worker: WorkerRecord): void {
    for (const record of worker.running.values()) this.#mark(record, true);
  }

  /** Another process has taken the worker's name at `startedAt`: what it ran before is lost. */
  withPredecessor(worker: WorkerRecord, startedAt: number): void {
    for (const record of worker.running.values()) {
      if ((record.facts.started ?? 0) >= startedAt) continue;
      worker.running.delete(record.uuid);
      this.#mark(record, true);
    }
  }

  /** The worker says itself that it runs this task, whatever was thought of it. */
  confirm(record: TaskRecord, worker: WorkerRecord): void {
    if (!record.facts.isLost || !record.isRunning || record.facts.worker !== worker.name) return;
    worker.running.set(record.uuid, record);
    this.#mark(record, false);
  }

  /** A running task was read from the history: its worker has a while to show itself. */
  restored(record: TaskRecord, now: number): void {
    if (record.facts.isLost) return;
    this.#adrift.push(record);
    this.#adriftSince = now;
  }

  tick(now: number): void {
    if (this.#adrift.length === 0 || now - this.#adriftSince <= GRACE_SECONDS) return;
    for (const record of this.#adrift) this.#settle(record);
    this.#adrift = [];
  }

  #settle(record: TaskRecord): void {
    if (!record.isRunning || this.#tasks.get(record.uuid) !== record) return;
    const { worker: name, started } = record.facts;
    const worker = name === null ? undefined : this.#workers.get(name);
    const isOther = (worker?.facts.startedAt ?? 0) > (started ?? Number.POSITIVE_INFINITY);
    if (worker === undefined || worker.status === 'offline' || isOther) this.#mark(record, true);
    else worker.running.set(record.uuid, record);
  }

  #mark(record: TaskRecord, isLost: boolean): void {
    record.facts.isLost = isLost;
    this.#onChange(record);
  }
}
