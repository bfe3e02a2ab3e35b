import type { ChordBackend, ChordProgress, ResultBackend } from '../backend/backend.ts';
import { UmbelError } from '../contract/errors.ts';
import { PROPAGATE_STATES } from '../contract/states.ts';
import { ChordError } from '../protocol/celery-errors.ts';
import { decodeException, encodeException, exceptionRepr } from '../protocol/exception.ts';
import { encodeJson } from '../protocol/json.ts';
import { composeResult } from '../protocol/result.ts';
import type { Signature } from '../protocol/signature.ts';
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

/** What to do next: nothing yet, call the body with the values, or tell its errbacks that it will never run. */
export type ChordVerdict =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'complete'; readonly values: readonly unknown[]; readonly done: () => Promise<void> }
  | { readonly kind: 'failed' };

/**
 * Counts a header member; the last one decides (celery/backends/redis.py `on_chord_part_return`). When one failed, the
 * body gets a ChordError as its result.
 */
export async function countHeaderReturn(
  app: ResultPort,
  body: Signature,
  part: HeaderReturn,
): Promise<ChordVerdict> {
  const backend = chordBackend(await app.backend());
  const progress = await backend.recordChordPart(part);
  if (!progress.isDone) return { kind: 'waiting' };
  const failed = progress.parts.find(({ state }) => PROPAGATE_STATES.has(state));
  if (failed) {
    await storeChordError(backend, body, failed);
    return { kind: 'failed' };
  }
  return {
    kind: 'complete',
    values: progress.parts.map(({ result }) => result),
    done: () => backend.forgetChord(part.groupId),
  };
}

/** Announces how many members a chord has, before the first is sent. */
export async function announceChord(app: ResultPort, groupId: string, size: number): Promise<void> {
  await chordBackend(await app.backend()).setChordSize(groupId, size);
}

async function storeChordError(
  backend: ResultBackend,
  body: Signature,
  failed: ChordProgress['parts'][number],
): Promise<void> {
  const taskId = body.options['task_id'];
  if (typeof taskId !== 'string') return;
  const reason = exceptionRepr(decodeException(failed.result));
  const error = new ChordError(`Dependency ${failed.taskId} raised ${reason}`);
  const resultText = encodeJson(encodeException(error));
  const text = composeResult({ taskId, status: 'FAILURE', resultText, traceback: error.message });
  await backend.store({ taskId, text });
}

function chordBackend(backend: ResultBackend): ResultBackend & ChordBackend {
  if (countsChords(backend)) return backend;
  throw new UmbelError(
    'unsupported',
    `Chords need a result backend that can count, such as Redis; ${backend.displayUrl} cannot.`,
  );
}

function countsChords(backend: ResultBackend): backend is ResultBackend & ChordBackend {
  return 'recordChordPart' in backend && 'setChordSize' in backend && 'forgetChord' in backend;
}
