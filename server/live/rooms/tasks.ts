import type { TaskFilter } from '../../../lib/contract/filters.ts';
import type { TaskCounts, TasksDelta, TasksSnapshot } from '../../../lib/contract/live.ts';
import type { TaskRecord } from '../../../lib/monitor/task-record.ts';
import { nowSeconds } from '../../../lib/util/clock.ts';
import { matchesFilter } from '../../collector/task-reader.ts';
import type { Room, RoomContext } from '../room.ts';

const SNAPSHOT_ROWS = 100;
/** Rows in one delta; a viewer reads a screenful. */
const MAX_ROWS = 100;
/** Rows that viewers may still show: they are told when one changes or leaves. */
const MAX_SHOWN = 2000;
const COUNTS_EVERY_MS = 500;
const COUNTS_AFTER_MS = 3000;

/** The task list under one filter. */
class TasksRoom implements Room<'tasks'> {
  readonly everyMs = 250;
  readonly #context: RoomContext;
  readonly #filter: TaskFilter;
  readonly #shown = new Set<string>();
  readonly #changed = new Map<string, TaskRecord>();
  #counts: TaskCounts = { matching: 0, total: 0, byState: {} };
  #countsAt = 0;
  #countUntil = 0;

  constructor(context: RoomContext, filter: TaskFilter) {
    this.#context = context;
    this.#filter = filter;
  }

  async snapshot(): Promise<TasksSnapshot> {
    const { reader, monitor } = this.#context.collector;
    const [page, counts] = await Promise.all([
      reader.page(this.#filter, null, SNAPSHOT_ROWS),
      reader.counts(this.#filter),
    ]);
    const rows = page.records.map((record) => record.toRow());
    for (const { uuid } of [...rows].reverse()) this.#show(uuid);
    this.#counts = counts;
    const minutes = monitor.throughput
      .range(nowSeconds(), 3600, 60)
      .map(({ at, success, retry, failure }) => ({ at, success, retry, failure }));
    return { rows, cursor: page.cursor, counts, minutes };
  }

  note({ tasks }: { readonly tasks: readonly TaskRecord[] }): void {
    for (const record of tasks) this.#changed.set(record.uuid, record);
    // More than anybody can read: the oldest go unless a viewer may show them.
    if (this.#changed.size <= MAX_SHOWN * 2) return;
    for (const uuid of this.#changed.keys()) {
      if (this.#changed.size <= MAX_SHOWN) break;
      if (!this.#shown.has(uuid)) this.#changed.delete(uuid);
    }
  }

  async delta(): Promise<TasksDelta | undefined> {
    const removed: string[] = [];
    const matching: TaskRecord[] = [];
    for (const record of this.#changed.values()) {
      if (matchesFilter(record.toRow(), this.#filter)) matching.push(record);
      else if (this.#shown.delete(record.uuid)) removed.push(record.uuid);
    }
    if (this.#changed.size > 0) this.#countUntil = Date.now() + COUNTS_AFTER_MS;
    this.#changed.clear();
    const areCountsNew = await this.#count();
    if (matching.length === 0 && removed.length === 0 && !areCountsNew) return undefined;
    return { changed: this.#take(matching), removed, counts: this.#counts };
  }

  /** Counts are some seconds old: they are asked for on the clock until some time after the last change. */
  async #count(): Promise<boolean> {
    const now = Date.now();
    if (now > this.#countUntil || now - this.#countsAt < COUNTS_EVERY_MS) return false;
    this.#countsAt = now;
    this.#counts = await this.#context.collector.reader.counts(this.#filter);
    return true;
  }

  /** The newest rows now; older ones that a viewer may show follow with the next delta. */
  #take(matching: TaskRecord[]): TasksDelta['changed'] {
    matching.sort((a, b) => b.facts.timestamp - a.facts.timestamp);
    for (const record of matching.slice(MAX_ROWS)) {
      if (this.#shown.has(record.uuid) && !this.#changed.has(record.uuid))
        this.#changed.set(record.uuid, record);
    }
    const rows = matching.slice(0, MAX_ROWS).map((record) => record.toRow());
    for (const { uuid } of rows) this.#show(uuid);
    return rows;
  }

  #show(uuid: string): void {
    this.#shown.delete(uuid);
    this.#shown.add(uuid);
    if (this.#shown.size <= MAX_SHOWN) return;
    const oldest = this.#shown.values().next().value;
    if (oldest !== undefined) this.#shown.delete(oldest);
  }
}

export function tasksRoom(context: RoomContext, filter: TaskFilter): Room<'tasks'> {
  return new TasksRoom(context, filter);
}
