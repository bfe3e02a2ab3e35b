import { close, constants, fdatasync, fstatSync, ftruncate, open, write } from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(open);
const closeFile = promisify(close);
const truncateFile = promisify(ftruncate);
const syncFile = promisify(fdatasync);

/** The kernel syncs within the write where it is known to reach the disk: one call in place of two. */
const SYNCED_WRITE = process.platform === 'linux' ? constants.O_DSYNC : 0;

/** An append-only file that knows how far it is good. */
export class LogFile {
  readonly #fd: number;
  readonly #isSynced: boolean;
  #size: number;

  private constructor(fd: number, isSynced: boolean) {
    this.#fd = fd;
    this.#isSynced = isSynced;
    this.#size = fstatSync(fd).size;
  }

  /** Opens for appending, creating the file if need be. `isSynced`: an append is on disk when it is done. */
  static async open(path: string, isSynced: boolean): Promise<LogFile> {
    const flags = constants.O_WRONLY | constants.O_CREAT | (isSynced ? SYNCED_WRITE : 0);
    return new LogFile(await openFile(path, flags, 0o600), isSynced);
  }

  get size(): number {
    return this.#size;
  }

  /** Appends. When it fails the file keeps its size: what was written of it is cut off or overwritten. */
  append(bytes: Buffer, done: (error: Error | null) => void): void {
    this.#write(bytes, 0, (error) => {
      if (error === null && this.#isSynced && SYNCED_WRITE === 0) {
        fdatasync(this.#fd, (syncError) => this.#appended(bytes, syncError, done));
      } else this.#appended(bytes, error, done);
    });
  }

  async sync(): Promise<void> {
    await syncFile(this.#fd);
  }

  async close(): Promise<void> {
    await closeFile(this.#fd);
  }

  #appended(bytes: Buffer, error: Error | null, done: (error: Error | null) => void): void {
    if (error === null) {
      this.#size += bytes.length;
      done(null);
      return;
    }
    // The next append overwrites the remains if cutting them off fails as well.
    truncateFile(this.#fd, this.#size).then(
      () => done(error),
      () => done(error),
    );
  }

  #write(bytes: Buffer, from: number, done: (error: Error | null) => void): void {
    write(this.#fd, bytes, from, bytes.length - from, this.#size + from, (error, count) => {
      if (error !== null) done(error);
      else if (from + count < bytes.length) this.#write(bytes, from + count, done);
      else done(null);
    });
  }
}
