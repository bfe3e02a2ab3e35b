import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMariadb, startPostgres } from './database-servers.ts';

/** Somewhere to keep results that processes of both languages share. */
export interface ResultStore {
  url(): string;
  /** The same with Python's driver in it. */
  pythonUrl(): string;
  stop(): Promise<void>;
}

export interface ResultStoreFactory {
  readonly name: string;
  readonly start: () => Promise<ResultStore>;
}

/** Every store that tells nobody of results: chords there need `celery.chord_unlock`. */
export const RESULT_STORES: readonly ResultStoreFactory[] = [
  { name: 'PostgreSQL', start: startPostgres },
  { name: 'MariaDB', start: startMariadb },
  { name: 'SQLite', start: inFolder((folder) => `db+sqlite:///${folder}/results.db`) },
  { name: 'files', start: inFolder((folder) => `file://${folder}`) },
];

/** A store in a folder of its own, which goes with it. */
export function inFolder(urlOf: (folder: string) => string): () => Promise<ResultStore> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), 'umbel-results-'));
    const url = (): string => urlOf(folder);
    return { url, pythonUrl: url, stop: async () => rmSync(folder, { recursive: true, force: true }) };
  };
}
