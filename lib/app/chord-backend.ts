import type { ChordBackend, GroupBackend, ResultBackend } from '../backend/backend.ts';
import { UmbelError } from '../contract/errors.ts';

/** Whether a backend counts the header of a chord itself. Others need `celery.chord_unlock`. */
export function isChordBackend(backend: ResultBackend): backend is ResultBackend & ChordBackend {
  return 'recordChordPart' in backend && 'setChordSize' in backend;
}

/** A backend that keeps groups, without which there are no chords. Throws `UmbelError('unsupported')` when it does not. */
export function groupBackend(backend: ResultBackend): ResultBackend & GroupBackend {
  if (keepsGroups(backend)) return backend;
  throw new UmbelError(
    'unsupported',
    `Chords and saved groups need a result backend that all workers share, such as Redis; ${backend.displayUrl} is none.`,
  );
}

function keepsGroups(backend: ResultBackend): backend is ResultBackend & GroupBackend {
  return 'saveGroup' in backend && 'readGroup' in backend;
}
