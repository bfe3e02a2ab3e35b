import type { TasksPage } from '../../lib/contract/api.ts';
import { filterToParams, type TaskFilter } from '../../lib/contract/filters.ts';
import { getJson } from './http.ts';

/** One page of tasks older than `before`, or the newest. `limit` is 1 to 500. */
export function fetchTasks(
  filter: TaskFilter,
  options: { readonly before?: string; readonly limit: number; readonly signal?: AbortSignal },
): Promise<TasksPage> {
  const params = filterToParams(filter);
  if (options.before) params.set('before', options.before);
  params.set('limit', String(options.limit));
  return getJson<TasksPage>(`/api/v1/tasks?${params}`, options.signal);
}
