import type { ChordProgress } from '../backend/backend.ts';
import { PROPAGATE_STATES } from '../contract/states.ts';
import { ChordError } from '../protocol/celery-errors.ts';
import { decodeException, exceptionRepr } from '../protocol/exception.ts';
import { leafIds, nodeFromTuple, type ResultNode } from './canvas/result-node.ts';
import { chordBackend } from './chord-backend.ts';
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
  | { readonly kind: 'complete'; readonly values: readonly unknown[]; readonly done: () => Promise<void> }
  | { readonly kind: 'failed'; readonly error: ChordError };

/** Counts a header member; the last one decides (celery/backends/redis.py `on_chord_part_return`). */
export async function countHeaderReturn(app: ResultPort, part: HeaderReturn): Promise<ChordVerdict> {
  const backend = chordBackend(await app.backend());
  const { isDone, parts } = await backend.recordChordPart(part);
  if (!isDone) return { kind: 'waiting' };
  const failed = parts.find(({ state }) => PROPAGATE_STATES.has(state));
  if (failed) {
    const reason = exceptionRepr(decodeException(failed.result));
    return { kind: 'failed', error: new ChordError(`Dependency ${failed.taskId} raised ${reason}`) };
  }
  const saved = await backend.readGroup(part.groupId);
  return {
    kind: 'complete',
    values: saved === null ? parts.map(({ result }) => result) : valuesAsSaved(nodeFromTuple(saved), parts),
    done: () => backend.forgetChord(part.groupId),
  };
}

/** A header with groups in it was saved as one: the body gets lists in its list. */
function valuesAsSaved(group: ResultNode, parts: ChordProgress['parts']): readonly unknown[] {
  const results = new Map(parts.map(({ taskId, result }) => [taskId, result]));
  // A member that nobody knew beforehand, such as one added while it ran, has no place in the saved structure.
  if (results.size !== leafIds(group).length) return parts.map(({ result }) => result);
  const valueAt = ({ id, members }: ResultNode): unknown => members?.map(valueAt) ?? results.get(id) ?? null;
  return group.members?.map(valueAt) ?? [];
}
