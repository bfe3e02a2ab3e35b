import type { Celery } from '../app/celery.ts';
import type { WorkerOptions, WorkerSettings } from './options.ts';
import { AsyncPool } from './pool/async.ts';
import type { Pool, PoolHost } from './pool/pool.ts';
import { PreforkPool } from './pool/prefork.ts';
import { SoloPool } from './pool/solo.ts';
import type { HeapTimer } from './timer/heap-timer.ts';

/** The pool that the settings name. */
export function makePool(
  app: Celery,
  settings: WorkerSettings,
  options: WorkerOptions,
  host: PoolHost,
  timer: HeapTimer,
): Pool {
  const { hostname, concurrency: size } = settings;
  switch (settings.pool) {
    case 'async':
      return new AsyncPool({ app, host, timer, size, hostname });
    case 'solo':
      return new SoloPool({ app, host, timer, hostname });
    case 'prefork':
      return new PreforkPool({
        host,
        timer,
        size,
        settings: {
          app: options.appModule ?? '',
          overrides: options.overrides ?? {},
          hostname,
          logLevel: options.logLevel ?? 'WARNING',
        },
        maxTasksPerChild: settings.maxTasksPerChild,
        maxMemoryPerChild: settings.maxMemoryPerChild,
        ...(options.childPath !== undefined && { childPath: options.childPath }),
      });
  }
}
