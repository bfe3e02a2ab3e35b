import type { ResourceLimits } from 'node:worker_threads';
import type { Carrier, CarrierListener } from './carrier.ts';
import { ChildPool, type ChildPoolOptions } from './child-pool.ts';
import type { PoolKind } from './pool.ts';
import { ThreadCarrier } from './thread-carrier.ts';

export interface ThreadsPoolOptions extends ChildPoolOptions {
  /** Bounds of each thread's heap: beyond them the thread and its task are lost, the worker is not. Default: Node's. */
  readonly resourceLimits?: ResourceLimits;
}

/**
 * Runs tasks in threads of the worker's process, one task each at a time: for tasks that compute, with less memory and
 * a quicker start than processes. Hard limits and terminate work; a crash of the process itself takes all threads.
 */
export class ThreadsPool extends ChildPool {
  readonly kind: PoolKind = 'threads';
  protected override readonly childNoun = 'Thread';
  readonly #resourceLimits: ResourceLimits;

  constructor(options: ThreadsPoolOptions) {
    super(options);
    this.#resourceLimits = options.resourceLimits ?? {};
  }

  override pids(): number[] {
    return [process.pid];
  }

  info(): Record<string, unknown> {
    return {
      implementation: 'celery.concurrency.thread:TaskPool',
      'max-concurrency': this.size,
      threads: this.childCount,
      processes: this.pids(),
      ...this.childInfo(),
    };
  }

  protected override childName(number: number): string {
    return `ThreadPoolWorker-${number}`;
  }

  protected override carry(path: string, name: string, listener: CarrierListener): Carrier {
    const { logger } = this.host;
    return new ThreadCarrier({ path, name, resourceLimits: this.#resourceLimits, logger }, listener);
  }
}
