import type { ChordProgress } from '../backend/backend.ts';
import { PROPAGATE_STATES } from '../contract/states.ts';
import { ChordError } from '../protocol/celery-errors.ts';
import { decodeException, exceptionRepr } from '../protocol/exception.ts';
import { leafIds, nodeFromTuple, type ResultNode } from './canvas/result-node.ts';
import { isChordBackend } from './chord-backend.ts';
import type { ResultPort } from './result-port.ts';

/** A member of a chord's header that has ended, whatever way. */
export interface HeaderReturn {
  readonly taskId: string;
  readonly groupId: string;
  readonly memberIndex: number | null;
  readonly state: string;
  /** JSON of the value or of the ExceptionRecord. */
  readonly resultText: string;
}

/** What to do next: nothing yet, call the body with the values, or tell who waits that it will never run. */
export type ChordVerdict =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'complete'; readonly values: readonly unknown[]; readonly done?: () => Promise<void> }
  | { readonly kind: 'failed'; readonly error: ChordError };

/**
 * Counts a header member; the last one decides (celery/backends/redis.py `on_chord_part_return`). A backend that does
 * not count leaves that to `celery.chord_unlock`.
 */
export async function countHeaderReturn(app: ResultPort, part: HeaderReturn): Promise<ChordVerdict> {
  const backend = await app.backend();
  if (!isChordBackend(backend)) return { kind: 'waiting' };
  const { isDone, parts } = await backend.recordChordPart(part);
  if (!isDone) return { kind: 'waiting' };
  const failed = parts.find(({ state }) => PROPAGATE_STATES.has(state));
  if (failed) return { kind: 'failed', error: failedDependency(failed.taskId, failed.result) };
  let values: readonly unknown[];
  try {
    const saved = await backend.readGroup(part.groupId);
    values = saved === null ? parts.map(({ result }) => result) : valuesAsSaved(nodeFromTuple(saved), parts);
  } catch (error) {
    return { kind: 'failed', error: new ChordError(`Join error: ${exceptionRepr(error)}`) };
  }
  return { kind: 'complete', values, done: () => backend.forgetChord(part.groupId) };
}

/** Why a body will never run; `record` is what the backend holds of the header task. */
export function failedDependency(taskId: string, record: unknown): ChordError {
  return new ChordError(`Dependency ${taskId} raised ${exceptionRepr(decodeException(record))}`);
}

/** The values of a group in its own structure: a group in it is a list in the list. */
export function valuesOf(group: ResultNode, results: ReadonlyMap<string, unknown>): readonly unknown[] {
  const valueAt = ({ id, members }: ResultNode): unknown => members?.map(valueAt) ?? results.get(id) ?? null;
  return group.members?.map(valueAt) ?? [];
}

/** A header with groups in it was saved as one: the body gets lists in its list. */
function valuesAsSaved(group: ResultNode, parts: ChordProgress['parts']): readonly unknown[] {
  const results = new Map(parts.map(({ taskId, result }) => [taskId, result]));
  // A member that nobody knew beforehand, such as one added while it ran, has no place in the saved structure.
  if (results.size !== leafIds(group).length) return parts.map(({ result }) => result);
  return valuesOf(group, results);
}
