import type { TaskFilter } from '../../../lib/contract/filters.ts';
import type { SqlValue } from './stored-task.ts';

export interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

const TEXT_COLUMNS = ['uuid', 'name', 'args', 'kwargs', 'result', 'exception'] as const;
/** The index knows three letters at least. */
const MIN_INDEXED = 3;

/** The parts of a filter that are exact. `text` is for `likeText` and `matchText`. */
export function exactConditions(filter: TaskFilter): Condition[] {
  return (['state', 'name', 'worker', 'queue'] as const).flatMap((column) => {
    const value = filter[column];
    return value === undefined ? [] : [{ sql: `${column} = ?`, values: [value] }];
  });
}

/** The text is found by looking at each row. */
export function likeText(text: string): Condition {
  const columns = TEXT_COLUMNS.map((column) => likeColumn(column, text));
  return {
    sql: `(${columns.map(({ sql }) => sql).join(' OR ')})`,
    values: columns.flatMap(({ values }) => values),
  };
}

/** A column, by a name of ours, has the text somewhere, in any case. */
export function likeColumn(column: string, text: string): Condition {
  const pattern = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
  return { sql: `${column} LIKE ? ESCAPE '\\'`, values: [pattern] };
}

/** The text is found by indexes; null when it is too short for them. */
export function matchText(text: string): Condition | null {
  // SQLite ends a text at a NUL.
  const clean = text.replaceAll('\0', '');
  if ([...clean].length < MIN_INDEXED) return null;
  const quoted = `"${clean.replaceAll('"', '""')}"`;
  const name = likeColumn('name', clean);
  return {
    sql: `(id IN (SELECT rowid / 2 FROM tasks_text WHERE tasks_text MATCH ?)
      OR name IN (SELECT name FROM names WHERE ${name.sql}) OR (uuid >= ? AND uuid < ?))`,
    values: [quoted, ...name.values, clean, `${clean}\u{10FFFF}`],
  };
}

export function joinConditions(conditions: readonly Condition[]): Condition {
  if (conditions.length === 0) return { sql: 'TRUE', values: [] };
  return {
    sql: conditions.map(({ sql }) => sql).join(' AND '),
    values: conditions.flatMap(({ values }) => values),
  };
}
