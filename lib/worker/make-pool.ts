import type { Celery } from '../app/celery.ts';
import type { WorkerOptions, WorkerSettings } from './options.ts';
import { AsyncPool } from './pool/async.ts';
import type { ChildPoolOptions } from './pool/child-pool.ts';
import type { Pool, PoolHost } from './pool/pool.ts';
import { PreforkPool } from './pool/prefork.ts';
import { SoloPool } from './pool/solo.ts';
import { ThreadsPool } from './pool/threads.ts';
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
        ...childPoolOptions(app, settings, options, host, timer),
        lostWaitSeconds: app.conf.worker_lost_wait,
      });
    case 'threads':
      return new ThreadsPool(childPoolOptions(app, settings, options, host, timer));
  }
}

function childPoolOptions(
  { conf }: Celery,
  { hostname, concurrency, maxTasksPerChild, maxMemoryPerChild }: WorkerSettings,
  { appModule, overrides, logLevel, outputFd, childPath }: WorkerOptions,
  host: PoolHost,
  timer: HeapTimer,
): ChildPoolOptions {
  return {
    host,
    timer,
    size: concurrency,
    settings: {
      app: appModule ?? '',
      overrides: overrides ?? {},
      hostname,
      logLevel: logLevel ?? 'WARNING',
      outputFd: outputFd ?? null,
    },
    maxTasksPerChild,
    maxMemoryPerChild,
    aliveTimeoutSeconds: conf.worker_proc_alive_timeout,
    ...(childPath !== undefined && { childPath }),
  };
}
