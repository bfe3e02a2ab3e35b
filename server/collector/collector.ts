import { toError } from '../../lib/contract/errors.ts';
import type { Status } from '../../lib/contract/records.ts';
import { type Changes, Monitor } from '../../lib/monitor/monitor.ts';
import type { ResultMeta } from '../../lib/protocol/result.ts';
import { LamportClock, nowSeconds } from '../../lib/util/clock.ts';
import type { Logger } from '../../lib/util/logger.ts';
import type { Service } from '../../lib/util/service.ts';
import { ChangeFeed } from './change-feed.ts';
import { type BrokerOptions, ClusterLink, type ResultOptions } from './cluster-link.ts';
import { Greeter } from './greeter.ts';
import type { History } from './history/history.ts';
import { HistoryWriter } from './history-writer.ts';
import { Inspector } from './inspector.ts';
import { Interval } from './interval.ts';
import { QueueSampler } from './queue-sampler.ts';
import { Reconciler } from './reconciler.ts';
import { TaskReader } from './task-reader.ts';

const DRAIN_EVERY_MS = 100;
const TICK_EVERY_MS = 1000;
const TASKS_IN_MEMORY = 10_000;

export interface CollectorOptions {
  readonly brokerUrl: string;
  readonly brokerOptions: BrokerOptions;
  readonly backendUrl: string | null;
  readonly backendOptions: ResultOptions;
  /** Names of queues to watch, whether or not anybody consumes them or sends there. */
  readonly queues: readonly string[];
  readonly history: History;
  /** Tasks kept in the history. */
  readonly maxTasks: number;
  readonly maxDays: number;
  readonly logger: Logger;
}

/**
 * Watches a cluster: events → monitor → change feed → history and live rooms, and on a clock what events do not tell.
 * Starts with the broker away, and lives through its loss.
 */
export class Collector implements Service {
  readonly monitor: Monitor;
  readonly feed = new ChangeFeed();
  readonly link: ClusterLink;
  readonly inspector: Inspector;
  readonly reader: TaskReader;
  readonly #history: History;
  readonly #logger: Logger;
  readonly #writer: HistoryWriter;
  readonly #sampler: QueueSampler;
  readonly #greeter: Greeter;
  /** null: there are no results to ask for. */
  readonly #reconciler: Reconciler | null;
  readonly #intervals: readonly Interval[];
  #isRunning = false;

  constructor({
    brokerUrl,
    brokerOptions,
    backendUrl,
    backendOptions,
    queues,
    history,
    maxTasks,
    maxDays,
    logger,
  }: CollectorOptions) {
    this.#history = history;
    this.#logger = logger;
    this.monitor = new Monitor({ maxTasks: Math.min(TASKS_IN_MEMORY, maxTasks) });
    this.link = new ClusterLink({
      brokerUrl,
      brokerOptions,
      backendUrl,
      backendOptions,
      logger,
      clock: new LamportClock(),
      onEvents: (events, receivedAt) => this.monitor.apply(events, receivedAt),
      onConnected: () => this.#onConnected(),
    });
    this.inspector = new Inspector(this.link, this.monitor, logger);
    this.#greeter = new Greeter(this.link, this.inspector, this.monitor, logger);
    this.#sampler = new QueueSampler(this.link, this.monitor, logger, queues);
    this.#reconciler = backendUrl === null ? null : new Reconciler(this.link, this.monitor, history);
    this.#writer = new HistoryWriter({
      history,
      monitor: this.monitor,
      logger,
      maxTasks,
      maxDays,
      now: nowSeconds,
    });
    this.reader = new TaskReader({
      monitor: this.monitor,
      history,
      flush: () => this.flush(),
      resultOf: (uuid) => this.resultOf(uuid),
    });
    this.#intervals = [
      new Interval(DRAIN_EVERY_MS, logger, () => this.drain()),
      new Interval(TICK_EVERY_MS, logger, () => this.monitor.tick(nowSeconds(), !this.link.isConnected)),
    ];
  }

  async start(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    await this.#history.start();
    if (this.#history.notice !== null) this.#logger.warning(this.#history.notice);
    await this.#writer.restore(this.monitor.tasks.limit);
    this.#writer.start();
    for (const interval of this.#intervals) interval.start();
    await this.link.start();
    // Told to stop while it connected: nobody would stop these again.
    if (!this.#isRunning) return;
    this.#sampler.start();
    this.inspector.start();
    this.#greeter.start();
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    await Promise.all([this.#greeter.stop(), this.inspector.stop(), this.#sampler.stop()]);
    await this.link.stop();
    for (const interval of this.#intervals) await interval.stop();
    this.drain();
    await this.#writer.stop();
    await this.#history.stop();
  }

  /** Hands what changed to the history and to whoever listens. */
  drain(): void {
    const changes = this.monitor.drain();
    if (changes.tasks.length === 0 && changes.workers.length === 0) return;
    this.#writer.note(changes);
    this.#noteWorkers(changes);
    this.feed.emit(changes);
  }

  /** Resolves when everything received so far can be read from the history, or a little later when it is behind. */
  async flush(): Promise<void> {
    this.drain();
    await this.#writer.flushSoon();
  }

  /** The stored result of a task; null also when the store cannot be asked now. */
  async resultOf(uuid: string): Promise<ResultMeta | null> {
    try {
      return await this.link.backend.get(uuid);
    } catch {
      // No result store, or it is away: what events told is shown.
      return null;
    }
  }

  status(version: string, isReadOnly: boolean): Status {
    const now = nowSeconds();
    const workers = [...this.monitor.workers.values()];
    return {
      version,
      broker: this.link.displayUrl,
      isConnected: this.link.isConnected,
      since: this.link.since,
      nextTryAt: this.link.nextTryAt,
      trouble: this.link.trouble,
      lagMs: this.monitor.lagMs,
      lastEventAt: this.monitor.lastEventAt,
      eventsPerSecond: this.monitor.events.perSecond(now),
      tasksPerSecond: this.monitor.finished.perSecond(now),
      failureCount: this.monitor.throughput.sum(now, 3600).failure,
      workersOnline: workers.filter(({ status }) => status !== 'offline').length,
      workersTotal: workers.length,
      queuesAbandoned: this.monitor.queues.rows(now).filter(({ abandonedSince }) => abandonedSince !== null)
        .length,
      problemCount: this.monitor.problems().length,
      isReadOnly,
    };
  }

  #noteWorkers({ workers }: Changes): void {
    for (const name of workers) {
      if (this.monitor.workers.get(name)) this.#greeter.note(name);
      else this.inspector.forget(name);
    }
  }

  #onConnected(): void {
    void this.#catchUp().catch((thrown: unknown) => {
      if (this.#isRunning)
        this.#logger.warning(`Catching up after a connect failed: ${toError(thrown).message}`);
    });
  }

  /** After a connect: wake the workers, and mend what was missed while away. */
  async #catchUp(): Promise<void> {
    await this.#greeter.wakeAll();
    await this.#sampler.list();
    await this.flush();
    const ended = (await this.#reconciler?.run()) ?? 0;
    if (ended > 0)
      this.#logger.info(`${ended} tasks had ended unseen: their results were read from the result store.`);
  }
}
