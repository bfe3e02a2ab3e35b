import type { Carrier, CarrierListener } from './carrier.ts';
import { ChildPool, type ChildPoolOptions } from './child-pool.ts';
import { findLeash, type Leash } from './leash.ts';
import type { PoolKind } from './pool.ts';
import { ProcessCarrier } from './process-carrier.ts';

export interface PreforkPoolOptions extends ChildPoolOptions {
  /** Seconds to wait for what a lost process said before it ended. Default 10. */
  readonly lostWaitSeconds?: number;
}

const LOST_WAIT_SECONDS = 10;

/** Runs tasks in processes: nothing that a task does, not even a crash of Node itself, reaches the worker. */
export class PreforkPool extends ChildPool {
  readonly kind: PoolKind = 'prefork';
  readonly #lostWaitMs: number;
  readonly #outputFd: number | null;
  #leash: Leash | null = null;

  constructor(options: PreforkPoolOptions) {
    super(options);
    this.#lostWaitMs = (options.lostWaitSeconds ?? LOST_WAIT_SECONDS) * 1000;
    this.#outputFd = options.settings.outputFd ?? null;
  }

  override async start(): Promise<void> {
    this.#leash = await findLeash();
    await super.start();
  }

  info(): Record<string, unknown> {
    return {
      implementation: 'celery.concurrency.prefork:TaskPool',
      'max-concurrency': this.size,
      processes: this.pids(),
      ...this.childInfo(),
    };
  }

  protected override childName(number: number): string {
    return `ForkPoolWorker-${number}`;
  }

  protected override carry(path: string, _name: string, listener: CarrierListener): Carrier {
    const settings = { lostWaitMs: this.#lostWaitMs, outputFd: this.#outputFd, leash: this.#leash };
    return new ProcessCarrier({ path, ...settings }, listener);
  }
}
