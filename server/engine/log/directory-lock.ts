import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toError, UmbelError } from '../../../lib/contract/errors.ts';

const LOCK_NAME = 'engine.lock';

interface Holder {
  pid: number;
  /** When that process began, where the system tells; so that a later process with its number is not taken for it. */
  started: string;
  token: string;
}

/**
 * Sees to it that one engine at a time uses a data directory. The file `engine.lock` names the process; when that is
 * no more, the lock is taken over.
 */
export class DirectoryLock {
  readonly #dataDir: string;
  readonly #path: string;
  readonly #holder: Holder = { pid: process.pid, started: startOf(process.pid), token: randomUUID() };
  #isHeld = false;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#path = join(dataDir, LOCK_NAME);
  }

  /** Throws `conflict` when another engine is at work here. */
  acquire(): void {
    try {
      mkdirSync(this.#dataDir, { recursive: true, mode: 0o700 });
    } catch (thrown) {
      const error = toError(thrown);
      throw new UmbelError(
        'bad_config',
        `Cannot use the data directory ${this.#dataDir}: ${error.message}.`,
        {
          cause: error,
        },
      );
    }
    if (!this.#create()) {
      this.#removeStale();
      if (!this.#create()) throw this.#conflict(readHolder(this.#path));
    }
    this.#isHeld = true;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (readHolder(this.#path)?.token === this.#holder.token) rmSync(this.#path, { force: true });
  }

  /** The file appears with its contents or not at all. */
  #create(): boolean {
    const draft = `${this.#path}.${this.#holder.token}`;
    writeFileSync(draft, JSON.stringify(this.#holder), { mode: 0o600 });
    try {
      linkSync(draft, this.#path);
      return true;
    } catch (thrown) {
      const error = toError(thrown);
      if ('code' in error && error.code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  #removeStale(): void {
    const holder = readHolder(this.#path);
    if (holder !== undefined && isAlive(holder)) throw this.#conflict(holder);
    // Renamed first: of two that find the lock stale, one removes it and the other finds nothing or a fresh one.
    const moved = `${this.#path}.stale-${this.#holder.token}`;
    try {
      renameSync(this.#path, moved);
    } catch {
      // The other one was faster; creating ours decides.
      return;
    }
    const found = readHolder(moved);
    if (found !== undefined && found.token !== holder?.token && isAlive(found)) {
      renameSync(moved, this.#path);
      throw this.#conflict(found);
    }
    rmSync(moved, { force: true });
  }

  #conflict(holder: Holder | undefined): UmbelError {
    const who = holder === undefined ? 'Another engine' : `The engine of process ${holder.pid}`;
    return new UmbelError(
      'conflict',
      `${who} uses the data directory ${this.#dataDir}.\nStop it, or choose another directory with --data.`,
    );
  }
}

/**
 * Removes the lock that a thread of this process left behind when it died. Only for whoever knows that it is gone.
 */
export function releaseOwnLock(dataDir: string): void {
  const path = join(dataDir, LOCK_NAME);
  if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
}

function readHolder(path: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { pid, started, token } = { pid: 0, started: '', token: '', ...parsed };
    return Number.isInteger(pid) && pid > 0
      ? { pid, started: String(started), token: String(token) }
      : undefined;
  } catch {
    // No lock, or none that can be read: both mean that nobody holds it.
    return undefined;
  }
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    const error = toError(thrown);
    if (!('code' in error) || error.code !== 'EPERM') return false;
  }
  return started === '' || startOf(pid) === started;
}

/** The start time of a process, where /proc has it; empty elsewhere, and for one that only waits to be reaped. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : (fields[19] ?? '');
  } catch {
    // Not Linux, or the process has gone.
    return '';
  }
}
