import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toError, UmbelError } from '../../contract/errors.ts';
import { uuid } from '../../util/clock.ts';
import { makeFolder } from '../../util/make-folder.ts';
import type { KeyValueStore } from './store.ts';

const PREFIXES = ['celery-task-meta-', 'celery-taskset-meta-', 'chord-unlock-'];
const TEMPORARY = '.umbel-';

/** One file for each key in one folder, as Celery's `file://` (celery/backends/filesystem.py). */
export class FileStore implements KeyValueStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Creates the folder, and tries whether it can be written. */
  async open(): Promise<void> {
    try {
      makeFolder(this.#folder);
      const probe = join(this.#folder, `${TEMPORARY}${uuid()}`);
      await writeFile(probe, '');
      await rm(probe);
    } catch (error) {
      const reason = toError(error).message;
      throw new UmbelError('bad_config', `The folder ${this.#folder} cannot keep results: ${reason}.`, {
        cause: error,
      });
    }
  }

  async read(key: string): Promise<Uint8Array | null> {
    try {
      const value = await readFile(this.#pathOf(key));
      // Celery opens the file before it writes, and for a moment nothing is in it.
      return value.length === 0 ? null : value;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async write(key: string, value: Uint8Array): Promise<void> {
    const temporary = join(this.#folder, `${TEMPORARY}${uuid()}`);
    await writeFile(temporary, value);
    await rename(temporary, this.#pathOf(key));
  }

  async delete(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  async deleteBefore(timeMs: number): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (![...PREFIXES, TEMPORARY].some((prefix) => name.includes(prefix))) continue;
      const path = join(this.#folder, name);
      // Another process may have deleted it meanwhile.
      const facts = await stat(path).catch(() => null);
      if (facts && facts.mtimeMs < timeMs) await rm(path, { force: true });
    }
  }

  /** A key names a file here and nothing elsewhere. */
  #pathOf(key: string): string {
    if (/[/\\\0]/.test(key))
      throw new UmbelError('bad_request', 'A task id with / or \\ cannot be a file name.');
    return join(this.#folder, key);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
