import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toError, UmbelError } from '../lib/contract/errors.ts';
import { ExclusiveFile } from '../lib/util/exclusive-file.ts';
import { makeFolder } from '../lib/util/make-folder.ts';

interface Holder {
  pid: number;
  /** When that process began, where the system tells; so that a later process with its number is not taken for it. */
  started: string;
  token: string;
}

/**
 * Sees to it that one engine, or one dashboard, at a time uses a data directory. The file `engine.lock` names the
 * process; when that is no more, the lock is taken over.
 */
export class DirectoryLock {
  readonly #dataDir: string;
  readonly #who: 'engine' | 'dashboard';
  readonly #file: ExclusiveFile;
  #isHeld = false;

  constructor(dataDir: string, who: 'engine' | 'dashboard') {
    this.#dataDir = dataDir;
    this.#who = who;
    const holder: Holder = { pid: process.pid, started: startOf(process.pid), token: randomUUID() };
    this.#file = new ExclusiveFile(join(dataDir, lockName(who)), {
      contents: JSON.stringify(holder),
      isAlive: (contents) => isAlive(readHolder(contents)),
      mode: 0o600,
    });
  }

  /** Throws `conflict` when another one is at work here, `bad_config` when the directory cannot be used. */
  acquire(): void {
    let holder: string | null;
    try {
      makeFolder(this.#dataDir, 0o700);
      holder = this.#file.claim();
    } catch (thrown) {
      throw unusable(this.#dataDir, thrown);
    }
    if (holder !== null) throw this.#conflict(readHolder(holder));
    this.#isHeld = true;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#file.release();
  }

  #conflict(holder: Holder | undefined): UmbelError {
    const who = holder === undefined ? `Another ${this.#who}` : `The ${this.#who} of process ${holder.pid}`;
    return new UmbelError(
      'conflict',
      `${who} uses the data directory ${this.#dataDir}.\nStop it, or choose another directory with --data.`,
    );
  }
}

/** What is wrong with a data directory, as an error that says what to do. */
export function unusable(dataDir: string, thrown: unknown): UmbelError {
  if (thrown instanceof UmbelError) return thrown;
  const error = toError(thrown);
  return new UmbelError(
    'bad_config',
    `Cannot use the data directory ${dataDir}: ${error.message}.\nChoose another one with --data, or keep nothing on disk with --memory-only.`,
    { cause: error },
  );
}

/**
 * Removes the lock that the engine's thread of this process left behind when it died. Only for whoever knows that it is
 * gone.
 */
export function releaseOwnLock(dataDir: string): void {
  const path = join(dataDir, lockName('engine'));
  try {
    if (readHolder(readFileSync(path, 'utf8'))?.pid === process.pid) rmSync(path, { force: true });
  } catch {
    // There is none.
  }
}

function lockName(who: string): string {
  return `${who}.lock`;
}

function readHolder(contents: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(contents);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { pid, started, token } = { pid: 0, started: '', token: '', ...parsed };
    return Number.isInteger(pid) && pid > 0
      ? { pid, started: String(started), token: String(token) }
      : undefined;
  } catch {
    // What cannot be read means that nobody holds it.
    return undefined;
  }
}

function isAlive(holder: Holder | undefined): boolean {
  if (holder === undefined) return false;
  const { pid, started } = holder;
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
