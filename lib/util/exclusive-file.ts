import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { toError } from '../contract/errors.ts';

export interface ExclusiveFileOptions {
  /** What it says of its holder. */
  readonly contents: string;
  /** Whether the holder that wrote this still lives; a file without one is taken over. */
  readonly isAlive: (contents: string) => boolean;
  /** Of the file. Default 0o644. */
  readonly mode?: number;
}

/** A file that one process at a time may hold. Errors of the file system are thrown as they are. */
export class ExclusiveFile {
  readonly #path: string;
  readonly #contents: string;
  readonly #isAlive: (contents: string) => boolean;
  readonly #mode: number;

  constructor(path: string, { contents, isAlive, mode = 0o644 }: ExclusiveFileOptions) {
    this.#path = path;
    this.#contents = contents;
    this.#isAlive = isAlive;
    this.#mode = mode;
  }

  /** Takes the file and returns null, or what its present holder has written. */
  claim(): string | null {
    if (this.#create()) return null;
    const holder = this.#removeStale();
    if (holder !== null) return holder;
    return this.#create() ? null : (read(this.#path) ?? '');
  }

  /** Removes it if it is still ours. */
  release(): void {
    if (read(this.#path) === this.#contents) rmSync(this.#path, { force: true });
  }

  /** The file appears with its contents or not at all. */
  #create(): boolean {
    const draft = this.#beside();
    try {
      writeFileSync(draft, this.#contents, { mode: this.#mode });
      linkSync(draft, this.#path);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      // Some file systems know no links.
      if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error))) throw error;
      return this.#createWithoutLink();
    } finally {
      rmSync(draft, { force: true });
    }
  }

  #createWithoutLink(): boolean {
    try {
      writeFileSync(this.#path, this.#contents, { mode: this.#mode, flag: 'wx' });
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** Returns the holder if there is one that lives. */
  #removeStale(): string | null {
    const judged = read(this.#path);
    if (judged !== null && this.#isAlive(judged)) return judged;
    // Moved first: of two that find it stale, one removes it and the other gets nothing, or the fresh one of the first.
    const moved = this.#beside();
    try {
      renameSync(this.#path, moved);
    } catch {
      return null; // the other one was faster; creating ours decides
    }
    const found = read(moved);
    const isFresh = found !== null && found !== judged && this.#isAlive(found);
    if (isFresh) linkOrRename(moved, this.#path);
    rmSync(moved, { force: true });
    return isFresh ? found : null;
  }

  #beside(): string {
    return `${this.#path}.${randomUUID()}`;
  }
}

/** Back to where it was, unless somebody has taken that place. */
function linkOrRename(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') renameSync(from, to);
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // there is none, or none that can be read
  }
}

function codeOf(thrown: unknown): string {
  const error = toError(thrown);
  return 'code' in error ? String(error.code) : '';
}
