import type { Celery } from '../../lib/index.ts';
import { createLogger } from '../../lib/util/logger.ts';
import type { WorkerOptions } from '../../lib/worker/options.ts';
import { Worker } from '../../lib/worker/worker.ts';
import { waitUntil } from './wait-until.ts';

/** A worker in this process, with an app and connections of its own, and its log. */
export class LocalWorker {
  readonly app: Celery;
  readonly worker: Worker;
  log = '';

  constructor(app: Celery, options: Partial<WorkerOptions> & { readonly hostname: string }) {
    this.app = app;
    const write = (line: string): void => {
      this.log += line;
    };
    this.worker = new Worker(app, {
      logger: createLogger({ level: 'DEBUG', write }),
      pool: 'async',
      concurrency: 4,
      ...options,
    });
  }

  async start(): Promise<this> {
    await this.worker.start();
    return this;
  }

  async logged(pattern: RegExp, timeoutMs = 10_000): Promise<void> {
    await waitUntil(`${pattern} in the log:\n${this.log}`, () => pattern.test(this.log), timeoutMs);
  }

  stop(): Promise<void> {
    return this.worker.stop();
  }
}
