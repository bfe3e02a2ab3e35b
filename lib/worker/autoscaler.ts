import { UmbelError } from '../contract/errors.ts';
import type { Logger } from '../util/logger.ts';
import type { Service } from '../util/service.ts';
import type { Pool } from './pool/pool.ts';

/** Bounds of a pool that follows its load. */
export interface AutoscaleRange {
  readonly max: number;
  /** One slot stays even when this is 0. */
  readonly min: number;
}

export interface AutoscalerOptions {
  readonly range: AutoscaleRange;
  readonly pool: Pool;
  readonly logger: Logger;
  /** Tasks that run or wait for a slot. */
  readonly quantity: () => number;
  /** The range has changed: prefetch follows its upper end. */
  readonly onRange: () => void;
  /** Seconds between two looks, and before a pool that has grown shrinks. Default: AUTOSCALE_KEEPALIVE, else 30. */
  readonly keepaliveSeconds?: number;
}

const KEEPALIVE_SECONDS = 30;

/**
 * Grows the pool as soon as more tasks are there than slots, and shrinks it when there are fewer and it has not grown
 * for a while (celery/worker/autoscale.py). A slot that runs a task is never taken away before the task has ended.
 */
export class Autoscaler implements Service {
  readonly #options: AutoscalerOptions;
  readonly #keepaliveMs: number;
  #range: AutoscaleRange;
  #lastGrowthAt = Number.NEGATIVE_INFINITY;
  #interval: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(options: AutoscalerOptions) {
    this.#options = options;
    this.#range = options.range;
    const seconds =
      options.keepaliveSeconds ?? Number(process.env['AUTOSCALE_KEEPALIVE'] || KEEPALIVE_SECONDS);
    if (!(seconds > 0)) {
      throw new UmbelError('bad_config', 'AUTOSCALE_KEEPALIVE must be a number of seconds above 0.');
    }
    this.#keepaliveMs = seconds * 1000;
  }

  get range(): AutoscaleRange {
    return this.#range;
  }

  async start(): Promise<void> {
    if (!this.#isStopped) this.#interval = setInterval(() => this.scale(), this.#keepaliveMs);
  }

  /** The pool keeps its size from now on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#interval !== null) clearInterval(this.#interval);
    this.#interval = null;
  }

  /** Looks at the load. Call it when tasks have come; shrinking waits for the clock. */
  scale(): void {
    if (this.#isStopped) return;
    const { pool, quantity } = this.#options;
    const { size } = pool;
    const load = quantity();
    const upTo = Math.min(load, this.#range.max);
    const downTo = Math.max(load, this.#range.min, 1);
    if (upTo > size) {
      this.#lastGrowthAt = performance.now();
      this.#grow(upTo - size);
    } else if (downTo < size && performance.now() - this.#lastGrowthAt > this.#keepaliveMs) {
      this.#shrink(size - downTo);
    }
  }

  /** A null keeps what it was. Throws `UmbelError('bad_request')` for a range that is none. */
  update(max: number | null, min: number | null): AutoscaleRange {
    const range = { max: max ?? this.#range.max, min: min ?? this.#range.min };
    const isWhole = Number.isInteger(range.max) && Number.isInteger(range.min);
    if (!isWhole || range.min < 0 || range.max < Math.max(1, range.min)) {
      throw new UmbelError(
        'bad_request',
        `Cannot scale from ${range.min} to ${range.max}: give max, then min.`,
      );
    }
    this.#range = range;
    const { size } = this.#options.pool;
    if (size > range.max) this.#shrink(size - range.max);
    else if (size < range.min) this.#grow(range.min - size);
    this.#options.onRange();
    this.scale();
    return range;
  }

  /** `stats.autoscaler`. */
  info(): Record<string, number> {
    const { pool, quantity } = this.#options;
    return { ...this.#range, current: pool.size, qty: quantity() };
  }

  #grow(count: number): void {
    this.#options.logger.info(`Scaling up ${count} processes.`);
    this.#options.pool.grow(count);
  }

  #shrink(count: number): void {
    this.#options.logger.info(`Scaling down ${count} processes.`);
    this.#options.pool.shrink(count);
  }
}
