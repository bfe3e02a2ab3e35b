'use client';

import { useSearchParams } from 'next/navigation';
import { useCallback, useMemo } from 'react';
import { filterFromParams, filterToParams, type TaskFilter } from '../../lib/contract/filters.ts';

/**
 * The filter in the page's address, and how to change it. The history is written directly: Next takes notice of it and
 * loads nothing for a change of query.
 */
export function useFilter(): readonly [TaskFilter, (next: TaskFilter) => void] {
  const params = useSearchParams();
  const text = params.toString();
  const filter = useMemo(() => filterFromParams(new URLSearchParams(text)), [text]);
  const change = useCallback((next: TaskFilter) => {
    const query = filterToParams(next).toString();
    const here = window.location.pathname;
    window.history.replaceState(null, '', query ? `${here}?${query}` : here);
  }, []);
  return [filter, change];
}
