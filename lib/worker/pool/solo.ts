import { UmbelError } from '../../contract/errors.ts';
import { AsyncPool, type AsyncPoolOptions } from './async.ts';
import type { PoolKind } from './pool.ts';

/** One task at a time in the worker's own process. For debugging, and where many workers are started instead. */
export class SoloPool extends AsyncPool {
  override readonly kind: PoolKind = 'solo';

  readonly #solo: Omit<AsyncPoolOptions, 'size'>;

  constructor(options: Omit<AsyncPoolOptions, 'size'>) {
    super({ ...options, size: 1 });
    this.#solo = options;
  }

  override async start(): Promise<void> {
    await super.start();
    await this.#solo.app.signals.send('worker_process_init', { sender: this.#solo.hostname });
  }

  override grow(): void {
    throw new UmbelError('unsupported', 'The solo pool runs one task at a time and cannot grow.');
  }

  override shrink(): void {
    throw new UmbelError('unsupported', 'The solo pool runs one task at a time and cannot shrink.');
  }

  override info(): Record<string, unknown> {
    return {
      ...super.info(),
      implementation: 'celery.concurrency.solo:TaskPool',
      'max-tasks-per-child': null,
    };
  }
}
