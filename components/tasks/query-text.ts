import type { TaskFilter } from '../../lib/contract/filters.ts';

/*
 * The search box of the task list: `state:FAILURE name:"a b" worker:w queue:q any words`. A field may stand once; the
 * rest is free text.
 */

export type FieldName = 'state' | 'name' | 'worker' | 'queue';

export const FIELD_NAMES: readonly FieldName[] = ['state', 'name', 'worker', 'queue'];

const TOKEN = /(?:(\w+):)?(?:"([^"]*)"?|(\S+))/g;

function isField(name: string | undefined): name is FieldName {
  return FIELD_NAMES.some((field) => field === name);
}

/** Reads the box. States are written in capitals, as Celery names them. */
export function parseQuery(text: string): TaskFilter {
  const filter: { -readonly [K in keyof TaskFilter]?: string } = {};
  const words: string[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const field = match[1];
    const value = match[2] ?? match[3] ?? '';
    if (!isField(field)) words.push(match[0]);
    else if (value) filter[field] = field === 'state' ? value.toUpperCase() : value;
  }
  const free = words.join(' ').trim();
  if (free) filter.text = free;
  return filter;
}

/** The filter as a person would type it. */
export function queryText(filter: TaskFilter): string {
  const parts = FIELD_NAMES.map((field) => {
    const value = filter[field];
    if (!value) return '';
    return `${field}:${/\s/.test(value) ? `"${value}"` : value}`;
  });
  return [...parts, filter.text ?? ''].filter(Boolean).join(' ');
}

/** The filter without one of its parts. */
export function without(filter: TaskFilter, field: keyof TaskFilter): TaskFilter {
  const { [field]: _dropped, ...rest } = filter;
  return rest;
}

/** True when nothing narrows the list. */
export function isEmptyFilter(filter: TaskFilter): boolean {
  return Object.values(filter).every((value) => !value);
}
