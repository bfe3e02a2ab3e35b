import { renameSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { type EffectArg, Op, type OpCode } from '../keyspace/effect.ts';
import type { Entry } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { dumpEntry } from './dump.ts';
import { FILE_HEADER } from './frame.ts';
import { FrameBuffer } from './frame-buffer.ts';
import { LogFile } from './log-file.ts';

/** Written before the event loop gets its turn. */
const STEP_BYTES = 256 * 1024;
const STEP_MS = 4;

interface Change {
  op: OpCode;
  database: number;
  key: string;
  args: readonly EffectArg[];
}

interface Current {
  database: number;
  key: string;
  entry: Entry;
}

const turn = promisify(setImmediate);

/**
 * Writes a new, short log while the old one goes on. Every value is written once, at some moment; changes to values
 * that are written already follow in the stream, changes to values that are still to come are left out, and changes to
 * the value that is being written wait until it is complete. So at any time the stream makes exactly the state of the
 * values it has come past, and at the end of the whole keyspace. A value that moves to another key goes to the end of
 * the map and so is not missed.
 */
export class Rewrite {
  readonly #keyspace: Keyspace;
  readonly #id: number;
  readonly #path: string;
  readonly #out = new FrameBuffer();
  readonly #dump: Generator<void>;
  #current: Current | null = null;
  #deferred: Change[] = [];
  #isDumped = false;
  #isAborted = false;
  #isComplete = false;
  #file: LogFile | null = null;

  constructor(keyspace: Keyspace, id: number, path: string) {
    this.#keyspace = keyspace;
    this.#id = id;
    this.#path = path;
    this.#dump = this.#dumpAll();
  }

  /** Everything has been written but for the last changes. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Writes until everything is in the file or it is aborted. */
  async run(): Promise<void> {
    rmSync(this.#path, { force: true });
    this.#file = await LogFile.open(this.#path, false);
    await append(this.#file, FILE_HEADER);
    while (!this.#isAborted && !(this.#isDumped && this.#out.length < STEP_BYTES)) {
      this.#step();
      const bytes = this.#out.take();
      await append(this.#file, bytes);
      this.#out.recycle(bytes);
      await turn();
    }
    this.#isComplete = !this.#isAborted;
    if (this.#isAborted) await this.#discard();
  }

  /** Follows a change of the keyspace. `entry` is the changed value; undefined when it is gone. */
  follow(
    op: OpCode,
    database: number,
    key: string,
    entry: Entry | undefined,
    args: readonly EffectArg[],
  ): void {
    const change: Change = { op, database, key, args };
    if (op === Op.FlushAll || op === Op.FlushDatabase) this.#flushed(change);
    else if (op === Op.Rename && entry !== undefined) this.#renamed(change, entry);
    else if (this.#isCurrent(database, key, entry)) this.#deferred.push(change);
    else if (entry === undefined || this.#isDumped || entry.snapshot === this.#id) this.#write(change);
  }

  /** Puts the new log in the place of the old one. Throws when that fails; the old one is untouched then. */
  async finish(path: string, isSynced: boolean): Promise<LogFile> {
    const file = this.#file;
    if (file === null) throw new Error('the rewrite was not started');
    const rest = this.#out.take();
    if (rest.length > 0) await append(file, rest);
    await file.sync();
    const reopened = await LogFile.open(this.#path, isSynced);
    await file.close();
    this.#file = null;
    try {
      renameSync(this.#path, path);
    } catch (thrown) {
      await reopened.close();
      throw thrown;
    }
    return reopened;
  }

  /** Gives up; what was written is removed. */
  async abort(): Promise<void> {
    this.#isAborted = true;
    if (this.#isComplete) await this.#discard();
  }

  async #discard(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    rmSync(this.#path, { force: true });
  }

  #step(): void {
    const until = performance.now() + STEP_MS;
    while (!this.#isDumped && this.#out.length < STEP_BYTES && performance.now() < until) this.#advance();
  }

  #advance(): void {
    if (this.#dump.next().done === true) this.#isDumped = true;
    this.#out.mark();
  }

  *#dumpAll(): Generator<void> {
    for (const { index, entries } of this.#keyspace.databases) {
      for (const [key, entry] of entries) {
        if (entry.snapshot === this.#id) continue;
        entry.snapshot = this.#id;
        this.#current = { database: index, key, entry };
        yield* this.#dumpCurrent(this.#current);
        yield;
      }
    }
  }

  *#dumpCurrent(current: Current): Generator<void> {
    for (const _pause of dumpEntry(this.#out, current.database, current.key, current.entry)) {
      yield;
      // A flush has removed it meanwhile.
      if (this.#current !== current) return;
    }
    this.#current = null;
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const change of deferred) this.#write(change);
  }

  #isCurrent(database: number, key: string, entry: Entry | undefined): boolean {
    const current = this.#current;
    if (current === null) return false;
    return (
      current.entry === entry || (current.database === database && current.key === key && entry === undefined)
    );
  }

  #flushed(change: Change): void {
    const isHit = change.op === Op.FlushAll || this.#current?.database === change.database;
    if (isHit) {
      this.#current = null;
      this.#deferred = [];
    }
    this.#write(change);
  }

  /** Whatever is being written is completed first: its name may be one of the two. */
  #renamed(change: Change, entry: Entry): void {
    while (this.#current !== null) this.#advance();
    if (this.#isDumped || entry.snapshot === this.#id) {
      this.#write(change);
      return;
    }
    this.#write({ ...change, op: Op.Delete, args: [] });
    this.#write({ ...change, op: Op.Delete, key: String(change.args[0]), args: [] });
  }

  #write({ op, database, key, args }: Change): void {
    this.#out.append(op, database, key, args);
  }
}

function append(file: LogFile, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    file.append(bytes, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
