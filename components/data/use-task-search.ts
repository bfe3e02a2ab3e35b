'use client';

import { useQuery } from '@tanstack/react-query';
import type { TaskRow } from '../../lib/contract/records.ts';
import { fetchTasks } from './fetch-tasks.ts';

/** The few newest tasks whose id, name or arguments hold `text`; nothing for fewer than three characters. */
export function useTaskSearch(text: string): readonly TaskRow[] {
  const query = useQuery({
    queryKey: ['task-search', text],
    queryFn: ({ signal }) => fetchTasks({ text }, { limit: 6, signal }),
    enabled: text.length >= 3,
    staleTime: 5_000,
    retry: false,
  });
  return query.data?.rows ?? [];
}
