import type { Changes, Monitor } from '../../lib/monitor/monitor.ts';
import type { TaskRecord } from '../../lib/monitor/task-record.ts';
import type { Logger } from '../../lib/util/logger.ts';
import { decodeBucket, encodeBucket } from './history/bucket-codec.ts';
import type { History } from './history/history.ts';
import { decodeTask, encodeTask } from './history/stored-task.ts';
import { Interval } from './interval.ts';

const WRITE_EVERY_MS = 500;
const BUCKETS_EVERY_MS = 10_000;
const PRUNE_EVERY_MS = 30_000;
const DAY_SECONDS = 24 * 3600;

export interface HistoryWriterOptions {
  readonly history: History;
  readonly monitor: Monitor;
  readonly logger: Logger;
  /** Tasks kept on disk. */
  readonly maxTasks: number;
  /** Days that tasks are kept. */
  readonly maxDays: number;
  readonly now: () => number;
}

/** Brings changed tasks and throughput to the history in batches, keeps it within its limits, reads it at start. */
export class HistoryWriter {
  readonly #options: HistoryWriterOptions;
  readonly #intervals: readonly Interval[];
  #pending = new Map<string, TaskRecord>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: HistoryWriterOptions) {
    this.#options = options;
    const { logger } = options;
    this.#intervals = [
      new Interval(WRITE_EVERY_MS, logger, () => this.flush()),
      new Interval(BUCKETS_EVERY_MS, logger, () => this.#writeBuckets()),
      new Interval(PRUNE_EVERY_MS, logger, () => this.#prune()),
    ];
  }

  /** Puts the newest tasks and the throughput of the last week back into the monitor. */
  async restore(limit: number): Promise<void> {
    const { history, monitor, now } = this.#options;
    for (const row of (await history.recent(limit)).reverse()) {
      const record = decodeTask(row);
      if (record) monitor.restore(record, now());
    }
    for (const stored of await history.buckets()) {
      const bucket = decodeBucket(stored);
      if (bucket) monitor.throughput.restore(stored.step, bucket);
    }
  }

  start(): void {
    for (const interval of this.#intervals) interval.start();
  }

  async stop(): Promise<void> {
    for (const interval of this.#intervals) await interval.stop();
    await this.flush();
    await this.#writeBuckets();
  }

  note({ tasks }: Changes): void {
    for (const record of tasks) this.#pending.set(record.uuid, record);
  }

  /** Resolves when all that was noted so far can be read from the history. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(
      () => this.#write(),
      () => this.#write(),
    );
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#pending.size === 0) return;
    const batch = this.#pending;
    this.#pending = new Map();
    try {
      await this.#options.history.write([...batch.values()].map(encodeTask));
    } catch (error) {
      this.#keep(batch);
      throw error;
    }
  }

  /** A batch that could not be written (disk full) waits for the next try, up to a bound. */
  #keep(batch: ReadonlyMap<string, TaskRecord>): void {
    const kept = new Map([...batch, ...this.#pending]);
    const excess = kept.size - this.#options.monitor.tasks.limit * 2;
    for (const uuid of [...kept.keys()].slice(0, Math.max(0, excess))) kept.delete(uuid);
    this.#pending = kept;
  }

  async #writeBuckets(): Promise<void> {
    const dirty = this.#options.monitor.throughput.takeDirty();
    if (dirty.length === 0) return;
    await this.#options.history.writeBuckets(
      dirty.map(({ stepSeconds, bucket }) => encodeBucket(stepSeconds, bucket)),
    );
  }

  async #prune(): Promise<void> {
    const { history, maxTasks, maxDays, now } = this.#options;
    const retention = { maxTasks, oldest: now() - maxDays * DAY_SECONDS };
    // Parts with a pause between, so that a page that waits for the same thread is served.
    while (await history.prune(retention)) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
