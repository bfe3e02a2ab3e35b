import { open, readFile, rename, unlink } from 'node:fs/promises';
import { toError, UmbelError } from '../contract/errors.ts';
import type { LamportClock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Service } from '../util/service.ts';
import type { LimitedSet } from './revoked.ts';

const VERSION = 1;
const SAVE_EVERY_MS = 5_000;

export interface StateDbOptions {
  readonly path: string;
  readonly revoked: LimitedSet;
  readonly clock: LamportClock;
  readonly logger: Logger;
}

/**
 * The file of `--statedb`: what a worker must not forget when it restarts, that is, which tasks are revoked
 * (celery/worker/state.py `Persistent`; Celery's own file is a pickle and cannot be shared). Text, one line for the
 * head and one for each id. Written beside and renamed, every few seconds when something has changed and at the end;
 * as large as the set of revoked tasks may be.
 */
export class StateDb implements Service {
  readonly #options: StateDbOptions;
  #timer: NodeJS.Timeout | null = null;
  #savedChanges = -1;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: StateDbOptions) {
    this.#options = options;
  }

  /** Reads the file, if there is one. Throws `UmbelError('bad_config')` when it cannot be read or written at all. */
  async start(): Promise<void> {
    if (this.#timer !== null) return;
    const text = await this.#read();
    if (text !== null) await this.#load(text);
    await this.#write();
    this.#timer = setInterval(() => void this.#save(), SAVE_EVERY_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    await this.#save();
  }

  async #read(): Promise<string | null> {
    try {
      return await readFile(this.#options.path, 'utf8');
    } catch (error) {
      if (toError(error).message.startsWith('ENOENT')) return null;
      throw this.#unusable(error);
    }
  }

  async #load(text: string): Promise<void> {
    const { path, revoked, clock, logger } = this.#options;
    try {
      const { entries, clock: value } = parse(text);
      for (const [id, at] of entries) revoked.add(id, at);
      clock.adjust(value);
    } catch (error) {
      const aside = `${path}.corrupt`;
      await rename(path, aside).catch((failure: unknown) => {
        throw this.#unusable(failure);
      });
      logger.warning(
        `The state file ${path} cannot be read (${toError(error).message}). It is now ${aside}; starting with an empty one.`,
      );
    }
  }

  /** One after the other; a failed one is told and tried again with the next change. */
  #save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      if (this.#options.revoked.changes === this.#savedChanges) return;
      try {
        await this.#write();
      } catch (error) {
        this.#options.logger.error(toError(error).message);
      }
    });
    return this.#saving;
  }

  async #write(): Promise<void> {
    const { path, revoked, clock } = this.#options;
    const { changes } = revoked;
    const lines = revoked.entries().map((entry) => JSON.stringify(entry));
    const text = [JSON.stringify({ umbel: VERSION, clock: clock.value }), ...lines, ''].join('\n');
    const beside = `${path}.${process.pid}.tmp`;
    try {
      const file = await open(beside, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(beside, path);
      this.#savedChanges = changes;
    } catch (error) {
      await unlink(beside).catch(() => {
        // It was not even made.
      });
      throw this.#unusable(error);
    }
  }

  #unusable(error: unknown): UmbelError {
    return new UmbelError(
      'bad_config',
      `The state file ${this.#options.path} cannot be used: ${toError(error).message}. Name another with --statedb.`,
      { cause: error },
    );
  }
}

interface Saved {
  readonly clock: number;
  readonly entries: readonly (readonly [string, number])[];
}

function parse(text: string): Saved {
  const [head = '', ...lines] = text.split('\n');
  const { umbel, clock } = readHead(head);
  if (umbel !== VERSION) throw new Error('it is none of a worker of this version');
  const entries = lines.filter((line) => line !== '').map(readEntry);
  return { clock: typeof clock === 'number' ? clock : 0, entries };
}

function readHead(line: string): { umbel?: unknown; clock?: unknown } {
  try {
    const head: unknown = JSON.parse(line);
    return head !== null && typeof head === 'object' ? head : {};
  } catch {
    // Most likely the file of a Python worker.
    return {};
  }
}

function readEntry(line: string): readonly [string, number] {
  const entry: unknown = JSON.parse(line);
  if (Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number') {
    return [entry[0], entry[1]];
  }
  throw new Error(`a line is no entry: ${line.slice(0, 60)}`);
}
