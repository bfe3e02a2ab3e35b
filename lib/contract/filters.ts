/** What the task list shows. Lives in the URL of the page; viewers of the same filter share one live room. */
export interface TaskFilter {
  readonly state?: string;
  readonly name?: string;
  readonly worker?: string;
  readonly queue?: string;
  /** Substring of uuid, name, args, kwargs, result or exception, in any case. */
  readonly text?: string;
}

const FIELDS = ['state', 'name', 'worker', 'queue', 'text'] as const;

/** Reads a filter from a query string; unknown keys and empty values are left out. */
export function filterFromParams(params: URLSearchParams): TaskFilter {
  const filter: Record<string, string> = {};
  for (const field of FIELDS) {
    const value = params.get(field)?.trim();
    if (value) filter[field] = value;
  }
  return filter;
}

/** The filter as a query string in a fixed order, so that equal filters are equal texts. */
export function filterToParams(filter: TaskFilter): URLSearchParams {
  const params = new URLSearchParams();
  for (const field of FIELDS) {
    const value = filter[field];
    if (value) params.set(field, value);
  }
  return params;
}
