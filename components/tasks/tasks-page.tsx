'use client';

import { type ReactNode, Suspense, useCallback, useEffect, useMemo, useReducer, useState } from 'react';
import { toast } from 'sonner';
import type { TasksPage as Page } from '../../lib/contract/api.ts';
import type { TasksDelta, TasksSnapshot } from '../../lib/contract/live.ts';
import type { TaskRow } from '../../lib/contract/records.ts';
import { MinuteStrip } from '../charts/minute-strip.tsx';
import { errorText } from '../data/http.ts';
import { useOlderTasks } from '../data/use-older-tasks.ts';
import { useRevoke } from '../data/use-task-actions.ts';
import { RefusalNote } from '../live/refusal-note.tsx';
import { useIsReadOnly } from '../live/status-provider.tsx';
import { useNow } from '../live/use-now.ts';
import { useTaskListRoom } from '../live/use-task-list-room.ts';
import { PageFrame } from '../shell/page-frame.tsx';
import { RetryByIdDialog } from '../task/retry-dialog.tsx';
import { revokedText } from '../task/stop-text.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { FirstSteps } from '../ui/first-steps.tsx';
import { formatCount } from '../ui/format.ts';
import { SkeletonRows } from '../ui/skeleton.tsx';
import { NoMatch } from './no-match.tsx';
import { isEmptyFilter } from './query-text.ts';
import { SearchBox } from './search-box.tsx';
import { StateFacets } from './state-facets.tsx';
import type { RowActions } from './task-line.tsx';
import { EMPTY_LIST, MAX_ROWS, reduceTaskList } from './task-list.ts';
import { TaskTable } from './task-table.tsx';
import { useFilter } from './use-filter.ts';

/** Revoke acts at once; retry opens its dialog, because arguments may need a look. */
function useRowActions(): { readonly actions: RowActions; readonly dialog: ReactNode } {
  const [retrying, setRetrying] = useState<TaskRow | null>(null);
  const { mutate: revoke } = useRevoke();
  const actions = useMemo<RowActions>(
    () => ({
      onRetry: setRetrying,
      onRevoke: (row) =>
        revoke(
          { uuid: row.uuid, isTerminate: false },
          {
            onSuccess: () => toast(revokedText(row)),
            onError: (error) => toast.error(`Could not revoke. ${errorText(error)}`),
          },
        ),
    }),
    [revoke],
  );
  const dialog = retrying ? (
    <RetryByIdDialog uuid={retrying.uuid} name={retrying.name} onClose={() => setRetrying(null)} />
  ) : null;
  return { actions, dialog };
}

function TasksHere(): ReactNode {
  const [filter, setFilter] = useFilter();
  const [list, dispatch] = useReducer(reduceTaskList, EMPTY_LIST);
  const now = useNow(500);
  const announce = useAnnounce();
  const isReadOnly = useIsReadOnly();
  const { actions, dialog } = useRowActions();
  const sink = useMemo(
    () => ({
      onReset: () => dispatch({ type: 'reset' }),
      onSnapshot: (snapshot: TasksSnapshot) => dispatch({ type: 'snapshot', snapshot }),
      onDeltas: (deltas: readonly TasksDelta[]) => dispatch({ type: 'deltas', deltas }),
    }),
    [],
  );
  const { refusal, isLoading } = useTaskListRoom(filter, sink);
  const takeOlder = useCallback(
    (after: string, page: Page) => dispatch({ type: 'older', after, rows: page.rows, cursor: page.cursor }),
    [],
  );
  const older = useOlderTasks(filter, takeOlder);
  const onOlder = useCallback(
    (before: string) => {
      if (!older.isLoading && !older.error) older.load(before);
    },
    [older],
  );
  const onHold = useCallback((isHeld: boolean) => dispatch({ type: 'hold', isHeld }), []);
  const waiting = list.waiting.length;
  useEffect(() => {
    if (waiting === 0) return;
    const timer = setTimeout(() => announce(`${formatCount(waiting)} new tasks`), 4_000);
    return () => clearTimeout(timer);
  }, [waiting, announce]);
  const { counts } = list;
  const isEmpty = !isLoading && list.order.length === 0 && list.waiting.length === 0;
  const isFirstRun = isEmpty && counts !== null && counts.total === 0 && isEmptyFilter(filter);
  return (
    <PageFrame
      title="Tasks"
      liveNote={waiting > 0 ? 'list held' : undefined}
      note={
        counts ? (
          <span className="dim small hide-s nowrap">
            {formatCount(counts.matching)} of {formatCount(counts.total)} match
          </span>
        ) : null
      }
    >
      {refusal ? <RefusalNote what="Could not read the tasks." message={refusal.message} /> : null}
      <section className="bar bare">
        <SearchBox filter={filter} onChange={setFilter} />
      </section>
      <section className="bar bare low">
        <StateFacets filter={filter} counts={counts} onChange={setFilter} />
      </section>
      {list.minutes.length > 0 ? (
        <section className="scrub hide-s">
          <MinuteStrip minutes={list.minutes} />
        </section>
      ) : null}
      {isLoading && list.order.length === 0 && !refusal ? <SkeletonRows count={16} /> : null}
      {isFirstRun ? <FirstSteps workerCount={0} title="No task has been seen yet" /> : null}
      {isEmpty && !isFirstRun && !refusal ? (
        <NoMatch filter={filter} total={counts?.total ?? 0} onChange={setFilter} />
      ) : null}
      {list.order.length > 0 ? (
        <div className={isLoading ? 'is-previous' : ''}>
          <TaskTable
            list={list}
            now={now}
            isReadOnly={isReadOnly}
            actions={actions}
            onHold={onHold}
            onShow={() => {
              dispatch({ type: 'show' });
              window.scrollTo({ top: 0 });
            }}
            onOlder={onOlder}
          />
        </div>
      ) : null}
      <ListEnd
        isLoading={older.isLoading}
        error={older.error}
        isCut={list.order.length >= MAX_ROWS}
        onRetry={() => list.cursor && older.load(list.cursor)}
      />
      {dialog}
    </PageFrame>
  );
}

function ListEnd(props: {
  readonly isLoading: boolean;
  readonly error: Error | null;
  readonly isCut: boolean;
  readonly onRetry: () => void;
}): ReactNode {
  if (props.error) {
    return (
      <p className="list-end">
        Could not read older tasks. {props.error.message}{' '}
        <button type="button" className="btn sm" onClick={props.onRetry}>
          Try again
        </button>
      </p>
    );
  }
  if (props.isLoading) return <p className="list-end dim">Reading older tasks</p>;
  if (!props.isCut) return null;
  return (
    <p className="list-end dim">The newest {formatCount(MAX_ROWS)} are listed; narrow the search for more.</p>
  );
}

/** The live list of tasks; its filter is its address. */
export function TasksPage(): ReactNode {
  return (
    <Suspense>
      <TasksHere />
    </Suspense>
  );
}
