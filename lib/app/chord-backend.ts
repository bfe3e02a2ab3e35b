import type { ChordBackend, ResultBackend } from '../backend/backend.ts';
import { UmbelError } from '../contract/errors.ts';

/** A backend that counts chords and keeps groups. Throws `UmbelError('unsupported')` when it cannot. */
export function chordBackend(backend: ResultBackend): ResultBackend & ChordBackend {
  if (countsChords(backend)) return backend;
  throw new UmbelError(
    'unsupported',
    `Chords and saved groups need a result backend that can count, such as Redis; ${backend.displayUrl} cannot.`,
  );
}

function countsChords(backend: ResultBackend): backend is ResultBackend & ChordBackend {
  return 'recordChordPart' in backend && 'setChordSize' in backend && 'saveGroup' in backend;
}
