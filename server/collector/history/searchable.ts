import { COLUMNS, type SqlValue } from './stored-task.ts';

/** Texts of a task that the index holds, in two parts: the call is known early and stays, the outcome comes later. */
const PARTS = [
  ['uuid', 'name', 'args', 'kwargs'],
  ['result', 'exception'],
] as const;

export interface SearchablePart {
  readonly text: string;
  /** Tells whether the text is the one that was indexed before; 0 for none. */
  readonly mark: number;
}

/** Both parts of a row of `encodeTask`. Row ids in the index are twice the task's, plus one for the outcome. */
export function searchableParts(row: readonly SqlValue[]): readonly SearchablePart[] {
  return PARTS.map((columns) => {
    const text = columns
      .map((column) => row[COLUMNS.indexOf(column)])
      .filter((value) => value !== null && value !== undefined)
      .join('\n');
    return { text, mark: markOf(text) };
  });
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
