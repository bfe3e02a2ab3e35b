import { COLUMNS, type SqlValue } from './stored-task.ts';

/*
 * What the text index holds of a task: its arguments and its outcome. Not its id (found by its beginning) and not its
 * name (found among the few names there are): they would be half of the index.
 *
 * A task has up to two rows there. The first, twice the task's row id, has what is known when the task is first
 * written, for a quick one all of it. The second, one higher, has an outcome that came later or changed.
 */
const CALL = [COLUMNS.indexOf('args'), COLUMNS.indexOf('kwargs')];
const OUTCOME = [COLUMNS.indexOf('result'), COLUMNS.indexOf('exception')];
const EMPTY = new Set<SqlValue | undefined>([null, undefined, '', '()', '{}', '[]', 'None']);

export interface Searchable {
  readonly call: string;
  readonly outcome: string;
  /** Tells whether the outcome is the one that was indexed before; 0 for none. */
  readonly outcomeMark: number;
}

export function searchableOf(row: readonly SqlValue[]): Searchable {
  const outcome = textOf(row, OUTCOME);
  return { call: textOf(row, CALL), outcome, outcomeMark: markOf(outcome) };
}

function textOf(row: readonly SqlValue[], columns: readonly number[]): string {
  let text = '';
  for (const column of columns) {
    const value = row[column];
    if (!EMPTY.has(value)) text += `${value}\n`;
  }
  return text;
}

/** FNV-1a in 32 bits, never 0 for a text. */
function markOf(text: string): number {
  if (text === '') return 0;
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) | 1;
}
