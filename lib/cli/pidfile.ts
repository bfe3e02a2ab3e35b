import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { toError } from '../contract/errors.ts';
import { CliExit, EXIT } from './exit.ts';

/** A file that holds the process id of the one process that may hold it (celery/platforms.py `Pidfile`). */
export class Pidfile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Exit 73 when a living process has it; a file left behind by a dead one is taken over. */
  claim(): void {
    const pid = this.#owner();
    if (pid !== null && isAlive(pid)) {
      throw new CliExit(
        EXIT.cantCreate,
        `ERROR: Pidfile (${this.#path}) already exists.\nSeems we're already running? (pid: ${pid})`,
      );
    }
    try {
      rmSync(this.#path, { force: true });
      writeFileSync(this.#path, `${process.pid}\n`, { flag: 'wx' });
    } catch (error) {
      throw new CliExit(
        EXIT.cantCreate,
        `Error: Cannot write the pid file ${this.#path}: ${toError(error).message}`,
      );
    }
  }

  release(): void {
    if (this.#owner() === process.pid) rmSync(this.#path, { force: true });
  }

  #owner(): number | null {
    try {
      return Number(readFileSync(this.#path, 'utf8').trim()) || null;
    } catch {
      return null; // there is no such file
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Without permission to signal it, it lives all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
