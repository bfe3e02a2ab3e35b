import type { TaskCounts, TasksDelta, TasksSnapshot } from '../../lib/contract/live.ts';
import type { TaskRow } from '../../lib/contract/records.ts';

/*
 * What the task table shows, as (state, action) -> state. Rows never move while the list is held (pointer over it, a
 * row chosen, scrolled): new ones wait, rows that no longer match stay and turn grey. Letting go shows both.
 */

export interface TaskList {
  readonly rows: ReadonlyMap<string, TaskRow>;
  /** Ids in the order shown, newest first. */
  readonly order: readonly string[];
  /** New rows that are not shown yet, newest first. */
  readonly waiting: readonly string[];
  /** Shown, but matching the filter no more. */
  readonly leaving: ReadonlySet<string>;
  /** Rows that were just put on top, to be marked for a moment. */
  readonly fresh: ReadonlySet<string>;
  readonly cursor: string | null;
  readonly counts: TaskCounts | null;
  readonly minutes: TasksSnapshot['minutes'];
  readonly isHeld: boolean;
}

export type TaskListAction =
  | { readonly type: 'snapshot'; readonly snapshot: TasksSnapshot }
  | { readonly type: 'deltas'; readonly deltas: readonly TasksDelta[] }
  | {
      readonly type: 'older';
      readonly after: string;
      readonly rows: readonly TaskRow[];
      readonly cursor: string | null;
    }
  | { readonly type: 'hold'; readonly isHeld: boolean }
  | { readonly type: 'show' }
  | { readonly type: 'reset' };

export const EMPTY_LIST: TaskList = {
  rows: new Map(),
  order: [],
  waiting: [],
  leaving: new Set(),
  fresh: new Set(),
  cursor: null,
  counts: null,
  minutes: [],
  isHeld: false,
};

const NONE: ReadonlySet<string> = new Set();

/** Rows kept at most; older ones are reached by a narrower filter. */
export const MAX_ROWS = 5_000;

export function reduceTaskList(list: TaskList, action: TaskListAction): TaskList {
  switch (action.type) {
    case 'snapshot':
      return takeSnapshot(list, action.snapshot);
    case 'deltas':
      return action.deltas.reduce(takeDelta, { ...list, fresh: list.isHeld ? list.fresh : NONE });
    case 'older':
      return takeOlder(list, action);
    case 'hold':
      if (action.isHeld === list.isHeld) return list;
      return action.isHeld ? { ...list, isHeld: true } : showWaiting({ ...list, isHeld: false });
    case 'show':
      return showWaiting(list);
    case 'reset':
      return { ...EMPTY_LIST, isHeld: list.isHeld };
  }
}

function takeSnapshot(list: TaskList, snapshot: TasksSnapshot): TaskList {
  const { counts, minutes, cursor } = snapshot;
  const incoming = new Map(snapshot.rows.map((row) => [row.uuid, row]));
  if (!list.isHeld || list.order.length === 0) {
    return {
      ...EMPTY_LIST,
      isHeld: list.isHeld,
      rows: incoming,
      order: [...incoming.keys()],
      cursor,
      counts,
      minutes,
    };
  }
  const shown = new Set(list.order);
  return {
    ...list,
    rows: new Map([...list.rows, ...incoming]),
    waiting: [...incoming.keys()].filter((uuid) => !shown.has(uuid)),
    counts,
    minutes,
  };
}

function takeDelta(list: TaskList, delta: TasksDelta): TaskList {
  const rows = new Map(list.rows);
  const known = new Set([...list.order, ...list.waiting]);
  const added: TaskRow[] = [];
  const leaving = new Set(list.leaving);
  for (const row of delta.changed) {
    rows.set(row.uuid, row);
    leaving.delete(row.uuid);
    if (!known.has(row.uuid)) added.push(row);
  }
  for (const uuid of delta.removed) if (known.has(uuid)) leaving.add(uuid);
  const newest = added.sort((a, b) => b.timestamp - a.timestamp).map((row) => row.uuid);
  const next = { ...list, rows, leaving, waiting: [...newest, ...list.waiting], counts: delta.counts };
  return list.isHeld ? next : showWaiting(next);
}

function takeOlder(
  list: TaskList,
  action: { readonly after: string; readonly rows: readonly TaskRow[]; readonly cursor: string | null },
): TaskList {
  if (action.after !== list.cursor) return list;
  const rows = new Map(list.rows);
  const order = [...list.order];
  const known = new Set([...list.order, ...list.waiting]);
  for (const row of action.rows) {
    if (known.has(row.uuid)) continue;
    rows.set(row.uuid, row);
    order.push(row.uuid);
  }
  return { ...list, rows, order, cursor: order.length >= MAX_ROWS ? null : action.cursor };
}

function showWaiting(list: TaskList): TaskList {
  if (list.waiting.length === 0 && list.leaving.size === 0) return list;
  const order = [...list.waiting, ...list.order].filter((uuid) => !list.leaving.has(uuid));
  const kept = order.slice(0, MAX_ROWS);
  return {
    ...list,
    order: kept,
    rows: new Map(kept.flatMap((uuid) => entryOf(list, uuid))),
    fresh: new Set(list.waiting),
    waiting: [],
    leaving: NONE,
    cursor: kept.length < order.length ? null : list.cursor,
  };
}

function entryOf(list: TaskList, uuid: string): readonly (readonly [string, TaskRow])[] {
  const row = list.rows.get(uuid);
  return row ? [[uuid, row]] : [];
}
