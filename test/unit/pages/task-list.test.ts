import { describe, expect, it } from 'vitest';
import { EMPTY_LIST, reduceTaskList, type TaskList } from '../../../components/tasks/task-list.ts';
import type { TaskRow } from '../../../lib/contract/records.ts';

const row = (uuid: string, timestamp: number, state = 'SUCCESS'): TaskRow => ({
  uuid,
  name: 'tasks.add',
  state,
  args: null,
  kwargs: null,
  queue: null,
  worker: null,
  sent: null,
  received: timestamp,
  started: null,
  finished: null,
  timestamp,
  eta: null,
  expires: null,
  runtime: null,
  retries: 0,
  result: null,
  exception: null,
  progress: null,
  isLost: false,
});
const counts = { matching: 2, total: 2, byState: {} };
const snapshot = (rows: readonly TaskRow[], cursor: string | null = null) =>
  ({ type: 'snapshot', snapshot: { rows, cursor, counts, minutes: [] } }) as const;
const delta = (changed: readonly TaskRow[], removed: readonly string[] = []) =>
  ({ type: 'deltas', deltas: [{ changed, removed, counts }] }) as const;
const start = (): TaskList => reduceTaskList(EMPTY_LIST, snapshot([row('b', 2), row('a', 1)], 'older'));

describe('the rows of the task table', () => {
  it('puts new rows on top while the list is free', () => {
    const list = reduceTaskList(start(), delta([row('c', 3), row('d', 4)]));
    expect(list.order).toEqual(['d', 'c', 'b', 'a']);
    expect([...list.fresh]).toEqual(['d', 'c']);
  });

  it('keeps every row in its place while it is held, and counts what waits', () => {
    const held = reduceTaskList(start(), { type: 'hold', isHeld: true });
    const list = reduceTaskList(held, delta([row('c', 3), row('a', 9, 'FAILURE')], ['b']));
    expect(list.order).toEqual(['b', 'a']);
    expect(list.waiting).toEqual(['c']);
    expect(list.rows.get('a')?.state).toBe('FAILURE');
    expect([...list.leaving]).toEqual(['b']);
  });

  it('shows what waited, and drops what left, when it is let go', () => {
    const held = reduceTaskList(start(), { type: 'hold', isHeld: true });
    const changed = reduceTaskList(held, delta([row('c', 3)], ['b']));
    const list = reduceTaskList(changed, { type: 'hold', isHeld: false });
    expect(list.order).toEqual(['c', 'a']);
    expect(list.waiting).toEqual([]);
  });

  it('takes a fresh snapshot without moving a held list', () => {
    const held = reduceTaskList(start(), { type: 'hold', isHeld: true });
    const list = reduceTaskList(held, snapshot([row('z', 9), row('b', 2, 'RETRY')]));
    expect(list.order).toEqual(['b', 'a']);
    expect(list.waiting).toEqual(['z']);
    expect(list.rows.get('b')?.state).toBe('RETRY');
  });

  it('appends older rows once, and only those after the cursor it asked with', () => {
    const older = { type: 'older', after: 'older', rows: [row('a', 1), row('0', 0)], cursor: null } as const;
    const list = reduceTaskList(start(), older);
    expect(list.order).toEqual(['b', 'a', '0']);
    expect(reduceTaskList(list, older)).toBe(list);
  });
});
