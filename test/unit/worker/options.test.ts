import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addWorkerOptions, type WorkerCliOptions, workerOptions } from '../../../lib/cli/worker-options.ts';
import { Celery, type CeleryConfig } from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { resolveWorker, type WorkerOptions } from '../../../lib/worker/options.ts';
import { TaskProfiles } from '../../../lib/worker/task-profile.ts';

const BASE = { logger: silentLogger, appModule: 'tasks', hostname: 'w1@box' };
const resolve = (conf: CeleryConfig, options: Partial<WorkerOptions> = {}) =>
  resolveWorker(new Celery('a', conf), { ...BASE, ...options });

describe('a setting of workers', () => {
  it.each<[CeleryConfig, object, Partial<WorkerOptions>, object]>([
    [{ worker_concurrency: 7 }, { concurrency: 7 }, { concurrency: 3 }, { concurrency: 3 }],
    [{ worker_pool: 'threads' }, { pool: 'threads' }, { pool: 'processes' }, { pool: 'prefork' }],
    [
      { worker_prefetch_multiplier: 7 },
      { prefetchMultiplier: 7 },
      { prefetchMultiplier: 0 },
      { prefetchMultiplier: 0 },
    ],
    [{ worker_send_task_events: true }, { taskEvents: true }, { taskEvents: false }, { taskEvents: false }],
    [
      { worker_max_tasks_per_child: 7 },
      { maxTasksPerChild: 7 },
      { maxTasksPerChild: 3 },
      { maxTasksPerChild: 3 },
    ],
    [
      { worker_max_memory_per_child: 7 },
      { maxMemoryPerChild: 7 },
      { maxMemoryPerChild: 3 },
      { maxMemoryPerChild: 3 },
    ],
    [{ worker_state_db: '/%n' }, { stateDb: '/w1' }, { stateDb: '/own' }, { stateDb: '/own' }],
    [{ worker_soft_shutdown_timeout: 7 }, { softShutdownSeconds: 7 }, {}, { softShutdownSeconds: 7 }],
  ])('%j stands for the option that was left out', (conf, expected, options, own) => {
    expect(resolve(conf)).toEqual({ ...resolve({}), ...expected });
    expect(resolve(conf, options)).toEqual({ ...resolve({}), ...own });
  });

  it('lifts all rate limits: worker_disable_rate_limits', () => {
    const rateOf = (conf: CeleryConfig) => {
      const app = new Celery('a', conf);
      app.task('limited', { rateLimit: '5/s' }, () => 1);
      return new TaskProfiles(app).get('limited')?.ratePerSecond;
    };
    expect([rateOf({}), rateOf({ worker_disable_rate_limits: true })]).toEqual([5, 0]);
  });
});

describe('the command line of a worker', () => {
  const read = (words: string): WorkerCliOptions => {
    const command = addWorkerOptions(new Command()).exitOverride();
    command.parse(words.split(' ').filter(Boolean), { from: 'user' });
    return command.opts<WorkerCliOptions>();
  };

  it.each<[string, object]>([
    ['-n w1@%h', { hostname: 'w1@%h' }],
    ['--hostname=w1', { hostname: 'w1' }],
    ['-l debug', { logLevel: 'DEBUG' }],
    ['--loglevel INFO', { logLevel: 'INFO' }],
    ['-Q a,b', { queues: ['a', 'b'] }],
    ['--queues a', { queues: ['a'] }],
    ['-X a,b', { excludeQueues: ['a', 'b'] }],
    ['--exclude-queues a', { excludeQueues: ['a'] }],
    ['-c 3', { concurrency: 3 }],
    ['--concurrency=3', { concurrency: 3 }],
    ['--autoscale 9,2', { autoscale: { max: 9, min: 2 } }],
    ['-P gevent', { pool: 'async' }],
    ['--pool solo', { pool: 'solo' }],
    ['--time-limit 1.5', { timeLimit: 1.5 }],
    ['--soft-time-limit 1', { softTimeLimit: 1 }],
    ['--max-tasks-per-child 3', { maxTasksPerChild: 3 }],
    ['--max-memory-per-child 3', { maxMemoryPerChild: 3 }],
    ['--prefetch-multiplier 0', { prefetchMultiplier: 0 }],
    ['-O fair', {}],
    ['--optimization default', {}],
    ['-E', { taskEvents: true }],
    ['--task-events', { taskEvents: true }],
    ['--events', { taskEvents: true }],
    ['-S /a', { stateDb: '/a' }],
    ['--statedb /a', { stateDb: '/a' }],
    ['--without-gossip', { gossip: false }],
    ['--without-mingle', { mingle: false }],
    ['--without-heartbeat', { heartbeatIntervalSeconds: 0 }],
    ['--without-heartbeat --heartbeat-interval 9', { heartbeatIntervalSeconds: 0 }],
    ['--heartbeat-interval 9', { heartbeatIntervalSeconds: 9 }],
    ['--heartbeat-interval 0', { heartbeatIntervalSeconds: 2 }],
  ])('%s', (words, expected) => {
    expect(workerOptions(read(words))).toEqual({ ...workerOptions(read('')), ...expected });
  });

  it.each<[string, object]>([
    ['-I a,b', { include: ['a', 'b'] }],
    ['--include a', { include: ['a'] }],
    ['--purge', { purge: true }],
    ['--discard', { purge: true }],
    ['--disable-prefetch', { disablePrefetch: true }],
    ['-D -f /a --pidfile /b', { detach: true, logfile: '/a', pidfile: '/b' }],
    ['--detach --logfile /a', { detach: true, logfile: '/a' }],
    ['--uid a --gid b --umask 022', { uid: 'a', gid: 'b', umask: '022' }],
  ])('%s, of the process', (words, expected) => {
    expect(read(words)).toMatchObject(expected);
  });
});
