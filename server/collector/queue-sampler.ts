import { toError } from '../../lib/contract/errors.ts';
import type { Monitor } from '../../lib/monitor/monitor.ts';
import { nowSeconds } from '../../lib/util/clock.ts';
import type { Logger } from '../../lib/util/logger.ts';
import { within } from '../../lib/util/within.ts';
import type { ClusterLink } from './cluster-link.ts';
import { Interval } from './interval.ts';

const EVERY_MS = 1000;
const LIST_EVERY_MS = 10_000;
const TIMEOUT_MS = 3000;

/** Queues of the machinery, not of tasks (kombu's reply queues and broadcast mailboxes, event queues). */
const NO_TASK_QUEUE = /(\.pidbox|^celeryev\..*)$/;

/** Takes the lengths of all known queues every second. It is also who notices that the broker is gone. */
export class QueueSampler {
  readonly #link: ClusterLink;
  readonly #monitor: Monitor;
  readonly #logger: Logger;
  readonly #names: readonly string[];
  readonly #intervals: readonly Interval[];

  /** `names`: queues that are watched whoever uses them. */
  constructor(link: ClusterLink, monitor: Monitor, logger: Logger, names: readonly string[]) {
    this.#link = link;
    this.#monitor = monitor;
    this.#logger = logger;
    this.#names = names;
    this.#intervals = [
      new Interval(EVERY_MS, logger, () => this.#sample()),
      new Interval(LIST_EVERY_MS, logger, () => this.list()),
    ];
  }

  start(): void {
    for (const interval of this.#intervals) interval.start();
  }

  async stop(): Promise<void> {
    for (const interval of this.#intervals) await interval.stop();
  }

  /** Asks the broker for queues that neither events nor workers told of. */
  async list(): Promise<void> {
    if (!this.#link.isConnected) return;
    const now = nowSeconds();
    for (const name of [...this.#names, ...(await inTime(this.#link.transport.listQueues()))]) {
      if (!NO_TASK_QUEUE.test(name)) this.#monitor.queues.see(name, now);
    }
  }

  #loseData(): void {
    this.#monitor.loseData(nowSeconds());
    this.#logger.error(
      `The broker ${this.#link.displayUrl} lost its data: its keys are gone, and the tasks that waited with them.`,
    );
  }

  async #sample(): Promise<void> {
    const { transport } = this.#link;
    try {
      const samples = await inTime(transport.sampleQueues(this.#monitor.queues.names()));
      this.#monitor.sampleQueues(samples, nowSeconds());
      if (await inTime(transport.hasLostData?.() ?? Promise.resolve(false))) this.#loseData();
      this.#link.report(true);
    } catch (thrown) {
      this.#link.report(false, toError(thrown).message);
    }
  }
}

function inTime<T>(promise: Promise<T>): Promise<T> {
  return within(promise, TIMEOUT_MS, () => new Error(`no answer within ${TIMEOUT_MS / 1000} s`));
}
