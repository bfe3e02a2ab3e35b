'use client';

import { useMutation } from '@tanstack/react-query';
import type { TasksPage } from '../../lib/contract/api.ts';
import type { TaskFilter } from '../../lib/contract/filters.ts';
import { fetchTasks } from './fetch-tasks.ts';

export interface OlderTasks {
  readonly load: (before: string) => void;
  readonly isLoading: boolean;
  readonly error: Error | null;
}

/** Fetches the rows below the last one, a page at a time. */
export function useOlderTasks(
  filter: TaskFilter,
  onPage: (before: string, page: TasksPage) => void,
): OlderTasks {
  const { mutate, isPending, error } = useMutation({
    mutationFn: (before: string) => fetchTasks(filter, { before, limit: 200 }),
    onSuccess: (page, before) => onPage(before, page),
  });
  return { load: mutate, isLoading: isPending, error };
}
