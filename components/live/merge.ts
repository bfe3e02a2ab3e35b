import type { RoomName, Rooms, TasksDelta, TasksSnapshot, WorkersDelta } from '../../lib/contract/live.ts';
import type { WorkerRow } from '../../lib/contract/records.ts';

/** Newest rows kept of the tasks room; the page keeps the older ones it asked for itself. */
const MAX_ROWS = 500;

type Merge<R extends RoomName> = (
  before: Rooms[R]['snapshot'],
  delta: Rooms[R]['delta'],
) => Rooms[R]['snapshot'];

const replace = <T>(_before: unknown, delta: T): T => delta;

function mergeTasks(before: TasksSnapshot, delta: TasksDelta): TasksSnapshot {
  const changed = new Map(delta.changed.map((row) => [row.uuid, row]));
  const removed = new Set(delta.removed);
  const kept = before.rows
    .filter((row) => !removed.has(row.uuid))
    .map((row) => {
      const next = changed.get(row.uuid);
      changed.delete(row.uuid);
      return next ?? row;
    });
  const added = [...changed.values()].sort((a, b) => b.timestamp - a.timestamp);
  return { ...before, rows: [...added, ...kept].slice(0, MAX_ROWS), counts: delta.counts };
}

function mergeWorkers(before: readonly WorkerRow[], delta: WorkersDelta): readonly WorkerRow[] {
  const rows = new Map(before.map((row) => [row.name, row]));
  for (const name of delta.removed) rows.delete(name);
  for (const row of delta.changed) rows.set(row.name, row);
  return [...rows.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** How each room's snapshot takes in what follows it. */
export const merges: { readonly [R in RoomName]: Merge<R> } = {
  status: replace,
  overview: replace,
  tasks: mergeTasks,
  task: replace,
  workers: mergeWorkers,
  worker: replace,
  queues: replace,
};
