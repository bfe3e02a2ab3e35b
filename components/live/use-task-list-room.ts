'use client';

import { useEffect, useState } from 'react';
import { filterToParams, type TaskFilter } from '../../lib/contract/filters.ts';
import type { TasksDelta, TasksSnapshot } from '../../lib/contract/live.ts';
import { useLiveClient } from './live-provider.tsx';
import type { Refusal } from './room.ts';

/** Where the news of the task list go; must be stable between renders. */
export interface TaskListSink {
  readonly onReset: () => void;
  readonly onSnapshot: (snapshot: TasksSnapshot) => void;
  readonly onDeltas: (deltas: readonly TasksDelta[]) => void;
}

/** Watches the room of a filter and hands on each change, because the table decides itself when rows may move. */
export function useTaskListRoom(
  filter: TaskFilter,
  sink: TaskListSink,
): { readonly refusal: Refusal | null; readonly isLoading: boolean } {
  const client = useLiveClient();
  const id = filterToParams(filter).toString();
  const [state, setState] = useState<{ readonly id: string | null; readonly refusal: Refusal | null }>({
    id: null,
    refusal: null,
  });
  useEffect(() => {
    if (!client) return;
    let isFirst = true;
    const wanted: TaskFilter = Object.fromEntries(new URLSearchParams(id));
    return client.join<'tasks'>(
      { room: 'tasks', filter: wanted },
      {
        onSnapshot: (snapshot) => {
          if (isFirst) sink.onReset();
          isFirst = false;
          sink.onSnapshot(snapshot);
          setState({ id, refusal: null });
        },
        onDeltas: (deltas) => sink.onDeltas(deltas),
        onRefused: (refusal) => setState({ id, refusal }),
      },
    );
  }, [client, id, sink]);
  return { refusal: state.id === id ? state.refusal : null, isLoading: state.id !== id };
}
