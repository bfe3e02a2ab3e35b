import { filterToParams, type TaskFilter } from '../../lib/contract/filters.ts';

/** Page of one task. */
export function taskHref(uuid: string): string {
  return `/task/${encodeURIComponent(uuid)}`;
}

/** Page of one worker. */
export function workerHref(name: string): string {
  return `/worker/${encodeURIComponent(name)}`;
}

/** The task list with a filter. */
export function tasksHref(filter: TaskFilter): string {
  const params = filterToParams(filter).toString();
  return params ? `/tasks?${params}` : '/tasks';
}

/** The part of a path after `/task/` or `/worker/`, decoded; null for the page that stands for all of them. */
export function idFromPath(pathname: string, page: 'task' | 'worker'): string | null {
  const start = `/${page}/`;
  const raw = pathname.startsWith(start) ? pathname.slice(start.length).replace(/\/$/, '') : '';
  if (!raw || raw === '_') return null;
  try {
    return decodeURIComponent(raw);
  } catch {
    // A stray % in a hand-written address: the name as it stands.
    return raw;
  }
}
