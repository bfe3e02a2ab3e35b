import { join } from 'node:path';
import { toError } from '../../../lib/contract/errors.ts';
import type { Logger } from '../../../lib/util/logger.ts';
import { DirectoryLock, unusable } from '../../directory-lock.ts';
import { type EffectArg, type EffectSink, Op, type OpCode } from '../keyspace/effect.ts';
import type { Entry } from '../keyspace/entry.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Committable } from '../resp/connection.ts';
import { FILE_HEADER } from './frame.ts';
import { FrameBuffer } from './frame-buffer.ts';
import { LogFile } from './log-file.ts';
import { LOG_NAME, load, REWRITE_NAME, recover, syncDirectory } from './recover.ts';
import { Rewrite } from './rewrite.ts';
import type { Storage } from './storage.ts';

const REWRITE_MIN = 64 * 1024 * 1024;
const RETRY_MS = 500;
const SYNC_MS = 1000;
/** Written to find out whether there is space again. */
const PROBE_BYTES = 4096;

export interface JournalOptions {
  dataDir: string;
  fsync: 'always' | 'everysec';
  logger: Logger;
  /** Writes are possible again: whoever waited for that may go on. */
  onResume: () => void;
  /** Size from which the log is rewritten when it has doubled. Default 64 MB. */
  rewriteMinBytes?: number | undefined;
}

/**
 * The log of one data directory. Changes gather in a batch while the previous one is written; as soon as that is on
 * disk the next goes, and whoever waited for it is told. No timer is involved, so a lone writer waits for one write and
 * a crowd shares one.
 *
 * When a write fails, the batch has not happened: the keyspace is loaded anew from the log, those who waited get an
 * error, and writes are refused until the disk takes them again. With `everysec` a batch counts as written when the kernel
 * has it, which the end of this process does not undo; a timer brings it to the disk.
 */
export class Journal implements Storage, EffectSink {
  readonly #options: JournalOptions;
  readonly #rewriteMin: number;
  readonly #keyspace: Keyspace;
  readonly #path: string;
  readonly #lock: DirectoryLock;
  readonly #frames = new FrameBuffer();
  #file: LogFile | null = null;
  #rewrite: Rewrite | null = null;
  /** Size after which the next rewrite is due. */
  #rewriteAt = 0;
  /** After a rewrite that failed none is tried before the log has this size. */
  #holdOff = 0;
  #openBatch = 1;
  #durableBatch = 0;
  #effects = 0;
  #waiting = new Set<Committable>();
  #isScheduled = false;
  #isWriting = false;
  #isClosed = false;
  #refusal: string | null = null;
  #syncTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #onIdle: (() => void)[] = [];
  #rewrites = 0;

  constructor(keyspace: Keyspace, options: JournalOptions) {
    this.#keyspace = keyspace;
    this.#options = options;
    this.#rewriteMin = options.rewriteMinBytes ?? REWRITE_MIN;
    this.#path = join(options.dataDir, LOG_NAME);
    this.#lock = new DirectoryLock(options.dataDir, 'engine');
  }

  get sink(): EffectSink {
    return this;
  }

  get openBatch(): number {
    return this.#openBatch;
  }

  get durableBatch(): number {
    return this.#durableBatch;
  }

  get effects(): number {
    return this.#effects;
  }

  get refusal(): string | null {
    return this.#refusal;
  }

  get size(): number {
    return this.#file?.size ?? 0;
  }

  get backlog(): number {
    return this.#frames.length;
  }

  /** Whether a rewrite is in progress. */
  get isRewriting(): boolean {
    return this.#rewrite !== null;
  }

  append(
    op: OpCode,
    database: number,
    key: string,
    entry: Entry | undefined,
    args: readonly EffectArg[],
  ): void {
    this.#effects += 1;
    this.#frames.append(op, database, key, args);
    this.#rewrite?.follow(op, database, key, entry, args);
    this.#schedule();
  }

  mark(): void {
    this.#frames.mark();
  }

  awaitCommit(waiter: Committable): void {
    this.#waiting.add(waiter);
  }

  async open(): Promise<void> {
    try {
      await this.#load();
    } catch (thrown) {
      throw unusable(this.#options.dataDir, thrown);
    }
  }

  async #load(): Promise<void> {
    const { dataDir, fsync, logger } = this.#options;
    this.#lock.acquire();
    const startedAt = performance.now();
    recover(dataDir, this.#keyspace, logger);
    const file = await LogFile.open(this.#path, fsync === 'always');
    this.#file = file;
    if (file.size === 0) await this.#begin(file, dataDir);
    this.#planRewrite(Math.min(file.size, this.#keyspace.usedBytes));
    logger.info(
      `Engine log: ${file.size} bytes loaded from ${this.#path} in ${Math.round(performance.now() - startedAt)} ms`,
    );
    if (fsync === 'everysec') {
      this.#syncTimer = setInterval(() => void this.#syncNow(), SYNC_MS);
      this.#syncTimer.unref();
    }
  }

  async drain(): Promise<void> {
    if (this.#isIdle) return;
    this.#schedule();
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#syncTimer);
    clearInterval(this.#retryTimer);
    await this.#abortRewrite();
    await this.drain();
    if (this.#options.fsync === 'everysec') await this.#syncNow();
    await this.#file?.close();
    this.#file = null;
    this.#lock.release();
  }

  get #isIdle(): boolean {
    return this.#file === null || this.#refusal !== null || (!this.#isWriting && this.#frames.length === 0);
  }

  async #begin(file: LogFile, dataDir: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      file.append(FILE_HEADER, (error) => (error === null ? resolve() : reject(error)));
    });
    await file.sync();
    syncDirectory(dataDir);
  }

  /** Everything that comes in before the event loop has been round once shares the first write. */
  #schedule(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isWriting || this.#file === null) return;
    if (this.#rewrite?.isComplete === true) void this.#switchOver(this.#rewrite);
    else if (this.#frames.length > 0 && this.#refusal === null) this.#writeBatch(this.#file);
    if (!this.#isIdle) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #writeBatch(file: LogFile): void {
    this.#isWriting = true;
    const batch = this.#openBatch;
    this.#openBatch += 1;
    const bytes = this.#frames.take();
    file.append(bytes, (error) => {
      this.#isWriting = false;
      if (error === null) {
        this.#frames.recycle(bytes);
        this.#written(batch);
      } else this.#failed(error);
    });
  }

  #written(batch: number): void {
    this.#durableBatch = batch;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const waiter of waiting) waiter.release(batch);
    if (this.#rewrite === null && !this.#isClosed && this.#isRewriteDue) this.#startRewrite();
    this.#flush();
  }

  /** The log has doubled since the last time, or most of what it tells of is no more. */
  get #isRewriteDue(): boolean {
    const { size } = this;
    return (
      size > this.#holdOff &&
      size > Math.min(this.#rewriteAt, this.#rewriteMin + this.#keyspace.usedBytes * 4)
    );
  }

  /** The disk refused a batch. */
  #failed(error: Error): void {
    const { logger } = this.#options;
    this.#refusal = `MISCONF Errors writing to the AOF file: ${error.message}`;
    logger.error(`Engine log: writing failed (${error.message}); changes are refused until it works again`);
    this.#keyspace.isFrozen = true;
    void this.#abortRewrite();
    this.#rollBack();
    this.#durableBatch = this.#openBatch;
    this.#openBatch += 1;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const waiter of waiting) waiter.refuse(this.#refusal);
    if (!this.#isClosed) {
      this.#retryTimer ??= setInterval(() => this.#retry(), RETRY_MS);
      this.#retryTimer.unref();
    }
    this.#flush();
  }

  /** Back to what the log says: nobody has been told of anything else. */
  #rollBack(): void {
    this.#frames.clear();
    const { sink } = this.#keyspace;
    this.#keyspace.sink = null;
    this.#keyspace.reset();
    load(this.#path, this.#keyspace);
    this.#keyspace.sink = sink;
    this.#keyspace.blocking.discardReady();
  }

  #retry(): void {
    const file = this.#file;
    if (file === null || this.#isWriting) return;
    this.#isWriting = true;
    file.append(probeFrame(), (error) => {
      this.#isWriting = false;
      if (error === null) this.#resume();
    });
  }

  #resume(): void {
    clearInterval(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#refusal = null;
    this.#keyspace.isFrozen = false;
    this.#options.logger.info('Engine log: writing works again');
    this.#keyspace.blocking.signalAll();
    this.#options.onResume();
    this.#flush();
  }

  async #syncNow(): Promise<void> {
    try {
      await this.#file?.sync();
    } catch (thrown) {
      this.#options.logger.error(`Engine log: ${toError(thrown).message}`);
    }
  }

  #planRewrite(snapshotBytes: number): void {
    this.#rewriteAt = Math.max(this.#rewriteMin, snapshotBytes * 2);
  }

  #startRewrite(): void {
    this.#rewrites += 1;
    const rewrite = new Rewrite(this.#keyspace, this.#rewrites, join(this.#options.dataDir, REWRITE_NAME));
    this.#rewrite = rewrite;
    rewrite.run().then(
      () => this.#schedule(),
      (thrown) => void this.#rewriteFailed(rewrite, thrown),
    );
  }

  /** The new log takes over between two batches: it has everything up to this one, which therefore counts as written. */
  async #switchOver(rewrite: Rewrite): Promise<void> {
    const { dataDir, fsync, logger } = this.#options;
    const before = this.size;
    this.#isWriting = true;
    this.#rewrite = null;
    const batch = this.#openBatch;
    this.#openBatch += 1;
    const bytes = this.#frames.take();
    try {
      const replaced = this.#file;
      this.#file = await rewrite.finish(this.#path, fsync === 'always');
      await replaced?.close();
      syncDirectory(dataDir);
      this.#planRewrite(this.size);
      logger.info(`Engine log: rewritten, ${before} to ${this.size} bytes`);
      this.#isWriting = false;
      this.#written(batch);
    } catch (thrown) {
      await this.#rewriteFailed(rewrite, thrown);
      this.#isWriting = false;
      this.#writeAgain(bytes, batch);
    }
  }

  #writeAgain(bytes: Buffer, batch: number): void {
    if (bytes.length === 0) {
      this.#written(batch);
      return;
    }
    this.#isWriting = true;
    this.#file?.append(bytes, (error) => {
      this.#isWriting = false;
      if (error === null) this.#written(batch);
      else this.#failed(error);
    });
  }

  async #rewriteFailed(rewrite: Rewrite, thrown: unknown): Promise<void> {
    this.#options.logger.warning(
      `Engine log: rewriting failed (${toError(thrown).message}); the log goes on as it is`,
    );
    if (this.#rewrite === rewrite) this.#rewrite = null;
    this.#holdOff = this.size * 2;
    await rewrite.abort();
  }

  async #abortRewrite(): Promise<void> {
    const rewrite = this.#rewrite;
    this.#rewrite = null;
    await rewrite?.abort();
  }
}

/** A frame that changes nothing. */
function probeFrame(): Buffer {
  const frames = new FrameBuffer();
  frames.append(Op.Noop, 0, '', [Buffer.alloc(PROBE_BYTES)]);
  return frames.take();
}
