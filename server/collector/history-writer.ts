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
const BATCH_ROWS = 500;
const MAX_PENDING = 100_000;
const READER_PATIENCE_MS = 200;

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
    if (this.#pending.size > MAX_PENDING) this.#drop();
  }

  /** Resolves when all that was noted so far can be read from the history. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(
      () => this.#write(),
      () => this.#write(),
    );
    return this.#writing;
  }

  /** The same for a reader, who rather sees a list that is a moment old than wait for a disk that is behind. */
  async flushSoon(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, READER_PATIENCE_MS);
    });
    await Promise.race([this.flush(), late]).finally(() => clearTimeout(timer));
  }

  /** Parts small enough that preparing one does not hold up events. */
  async #write(): Promise<void> {
    const last = [...this.#pending.keys()].at(-1);
    while (this.#pending.size > 0) {
      const batch = [...take(this.#pending, BATCH_ROWS)];
      try {
        await this.#options.history.write(batch.map(encodeTask));
      } catch (error) {
        // It waits for the next try (a full disk may be emptied); what changed meanwhile is newer.
        for (const record of batch)
          if (!this.#pending.has(record.uuid)) this.#pending.set(record.uuid, record);
        throw error;
      }
      if (batch.some(({ uuid }) => uuid === last)) return;
    }
  }

  /** More changes than the disk takes: memory is bounded, so the oldest are given up, and that is said. */
  #drop(): void {
    const dropped = [...take(this.#pending, MAX_PENDING / 10)].length;
    this.#options.logger.error(
      `The history is behind: ${dropped} tasks were not written. The disk is too slow for this many tasks.`,
    );
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

/** Takes the first entries out of a map. */
function* take<T>(map: Map<string, T>, count: number): Generator<T> {
  let taken = 0;
  for (const [key, value] of map) {
    if (taken >= count) return;
    taken += 1;
    map.delete(key);
    yield value;
  }
}
