import { toError } from '../contract/errors.ts';
import { ExclusiveFile } from '../util/exclusive-file.ts';
import { CliExit, EXIT } from './exit.ts';

/** A file that holds the process id of the one process that may hold it (celery/platforms.py `Pidfile`). */
export class Pidfile {
  readonly #path: string;
  readonly #file: ExclusiveFile;

  constructor(path: string) {
    this.#path = path;
    this.#file = new ExclusiveFile(path, {
      contents: `${process.pid}\n`,
      isAlive: (contents) => isAlive(pidOf(contents)),
    });
  }

  /** Exit 73 when a living process has it; a file left behind by a dead one is taken over. */
  claim(): void {
    const holder = this.#claim();
    if (holder === null) return;
    throw new CliExit(
      EXIT.cantCreate,
      `ERROR: Pidfile (${this.#path}) already exists.\nSeems we're already running? (pid: ${pidOf(holder)})`,
    );
  }

  release(): void {
    this.#file.release();
  }

  #claim(): string | null {
    try {
      return this.#file.claim();
    } catch (error) {
      throw new CliExit(
        EXIT.cantCreate,
        `Error: Cannot write the pid file ${this.#path}: ${toError(error).message}`,
      );
    }
  }
}

function pidOf(contents: string): number {
  return Number(contents.trim()) || 0;
}

function isAlive(pid: number): boolean {
  // Our own number is that of a dead one: in a container every start has the same.
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Without permission to signal it, it lives all the same.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
