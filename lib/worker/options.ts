import type { Celery } from '../app/celery.ts';
import { directQueue } from '../app/queues.ts';
import { UmbelError } from '../contract/errors.ts';
import type { Queue } from '../transport/transport.ts';
import type { Logger, LogLevel } from '../util/logger.ts';
import type { AutoscaleRange } from './autoscaler.ts';
import { nodeFile, nodeName } from './names.ts';
import { POOL_KINDS, type PoolKind } from './pool/pool.ts';

/** How a worker is started. What is left out comes from the app's settings. */
export interface WorkerOptions {
  readonly logger: Logger;
  /** For the pool's processes. Default `WARNING`. */
  readonly logLevel?: LogLevel;
  /** Open file that takes what the pool's processes write. Default: this process's own output. */
  readonly outputFd?: number | null;
  /** `-n`: `w1@%h`. Default `celery@<host>`. */
  readonly hostname?: string | null;
  readonly concurrency?: number | null;
  /** Let the pool follow its load between `min` and `max`, in place of `concurrency`. */
  readonly autoscale?: AutoscaleRange | null;
  /** `prefork`, `threads`, `async` or `solo`; `gevent` and `eventlet` mean `async`, `processes` means `prefork`. */
  readonly pool?: string | null;
  /** Names of queues to consume. Default: `task_queues`, or the default queue. */
  readonly queues?: readonly string[] | null;
  /** Queues of `task_queues` to leave out. */
  readonly excludeQueues?: readonly string[];
  /** Messages to hold for each slot. */
  readonly prefetchMultiplier?: number | null;
  /** Send task events. */
  readonly taskEvents?: boolean | null;
  /** The app as `-A` was given: the processes or threads of a pool load it again. */
  readonly appModule?: string | null;
  /** Settings that were changed after the app was loaded, for those. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Default 2; 0 for none, and no event that it starts or ends either. */
  readonly heartbeatIntervalSeconds?: number;
  /** Seconds, for tasks that set none. */
  readonly timeLimit?: number | null;
  readonly softTimeLimit?: number | null;
  readonly maxTasksPerChild?: number | null;
  /** Kibibytes. */
  readonly maxMemoryPerChild?: number | null;
  /** `--statedb`: file that keeps which tasks are revoked; `%n`, `%h`, `%d` and `%p` stand for parts of the node name. */
  readonly stateDb?: string | null;
  /** Ask other workers at start what is revoked. Default true. */
  readonly mingle?: boolean;
  /** Listen to the other workers while it runs. Default true. */
  readonly gossip?: boolean;
  /** Compiled entry of pool children, when it is not beside this file. */
  readonly childPath?: string;
}

/** The same with every gap filled. */
export interface WorkerSettings {
  readonly hostname: string;
  readonly pool: PoolKind;
  /** Slots at the start. */
  readonly concurrency: number;
  readonly autoscale: AutoscaleRange | null;
  readonly prefetchMultiplier: number;
  readonly queues: readonly Queue[];
  readonly taskEvents: boolean;
  readonly heartbeatIntervalSeconds: number;
  /** What running tasks get before a cold shutdown ends them; 0 for nothing. */
  readonly softShutdownSeconds: number;
  readonly maxTasksPerChild: number | null;
  readonly maxMemoryPerChild: number | null;
  /** Path of the state file; null for none. */
  readonly stateDb: string | null;
  readonly isMingling: boolean;
  readonly isGossiping: boolean;
}

/** Slots of an async pool when nobody says: its tasks wait more than they compute. */
export const ASYNC_CONCURRENCY = 100;

const POOL_ALIASES: Readonly<Record<string, PoolKind>> = {
  gevent: 'async',
  eventlet: 'async',
  processes: 'prefork',
};

/** The pool of a name, Celery's other names included. Throws `UmbelError('bad_config')`. */
export function poolKind(name: string): PoolKind {
  const kind = POOL_KINDS.find((known) => known === name) ?? POOL_ALIASES[name];
  if (kind !== undefined) return kind;
  throw new UmbelError('bad_config', `There is no pool "${name}". There are: ${POOL_KINDS.join(', ')}.`);
}

/** Throws `UmbelError('bad_config')` for what no worker can be started with. */
export function resolveWorker(app: Celery, options: WorkerOptions): WorkerSettings {
  const { conf } = app;
  checkNumbers(app, options);
  const pool = poolKind(options.pool ?? conf.worker_pool);
  const hostname = nodeName(options.hostname ?? null);
  const settings: WorkerSettings = {
    hostname,
    pool,
    concurrency: concurrencyOf(app, options, pool),
    autoscale: autoscaleOf(options, pool),
    prefetchMultiplier: options.prefetchMultiplier ?? conf.worker_prefetch_multiplier,
    queues: queuesOf(app, options, hostname),
    taskEvents: options.taskEvents ?? conf.worker_send_task_events,
    heartbeatIntervalSeconds: options.heartbeatIntervalSeconds ?? 2,
    softShutdownSeconds: conf.worker_soft_shutdown_timeout,
    maxTasksPerChild: options.maxTasksPerChild ?? conf.worker_max_tasks_per_child,
    maxMemoryPerChild: options.maxMemoryPerChild ?? conf.worker_max_memory_per_child,
    ...neighborSettings(app, options, hostname),
  };
  if ((pool === 'prefork' || pool === 'threads') && !options.appModule) {
    const children = pool === 'prefork' ? 'processes' : 'threads';
    throw new UmbelError(
      'bad_config',
      `The ${pool} pool starts ${children} that load the app again: name its module with -A, or use -P async.`,
    );
  }
  return settings;
}

function neighborSettings(
  { conf }: Celery,
  options: WorkerOptions,
  hostname: string,
): Pick<WorkerSettings, 'stateDb' | 'isMingling' | 'isGossiping'> {
  const stateDb = options.stateDb ?? conf.worker_state_db;
  return {
    stateDb: stateDb ? nodeFile(stateDb, hostname) : null,
    isMingling: options.mingle ?? true,
    isGossiping: options.gossip ?? true,
  };
}

/** Settings come from plain JavaScript and from files too, where no type keeps a text out. */
function checkNumbers({ conf }: Celery, options: WorkerOptions): void {
  wholeFrom(1, 'The concurrency', options.concurrency);
  wholeFrom(1, 'worker_concurrency', conf.worker_concurrency);
  wholeFrom(0, 'The prefetch multiplier', options.prefetchMultiplier);
  wholeFrom(0, 'worker_prefetch_multiplier', conf.worker_prefetch_multiplier);
  wholeFrom(1, '--max-tasks-per-child', options.maxTasksPerChild);
  wholeFrom(1, 'worker_max_tasks_per_child', conf.worker_max_tasks_per_child);
  wholeFrom(1, '--max-memory-per-child', options.maxMemoryPerChild);
  wholeFrom(1, 'worker_max_memory_per_child', conf.worker_max_memory_per_child);
  seconds('worker_proc_alive_timeout', conf.worker_proc_alive_timeout);
  seconds('worker_soft_shutdown_timeout', conf.worker_soft_shutdown_timeout);
  seconds('worker_lost_wait', conf.worker_lost_wait);
  seconds('--time-limit', options.timeLimit);
  seconds('--soft-time-limit', options.softTimeLimit);
  seconds('task_time_limit', conf.task_time_limit);
  seconds('task_soft_time_limit', conf.task_soft_time_limit);
}

function wholeFrom(least: number, name: string, value: unknown): void {
  if (value == null || (typeof value === 'number' && Number.isInteger(value) && value >= least)) return;
  throw new UmbelError('bad_config', `${name} is ${shown(value)}, but must be a whole number from ${least}.`);
}

function seconds(name: string, value: unknown): void {
  if (value == null || (typeof value === 'number' && Number.isFinite(value) && value >= 0)) return;
  throw new UmbelError('bad_config', `${name} is ${shown(value)}, but must be a number of seconds from 0.`);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function concurrencyOf({ conf }: Celery, { concurrency, autoscale }: WorkerOptions, pool: PoolKind): number {
  if (pool === 'solo') return 1;
  if (autoscale) return Math.max(1, autoscale.min);
  return concurrency ?? (pool === 'async' ? ASYNC_CONCURRENCY : conf.worker_concurrency);
}

function autoscaleOf({ autoscale }: WorkerOptions, pool: PoolKind): AutoscaleRange | null {
  if (!autoscale) return null;
  wholeFrom(1, 'The most slots of --autoscale', autoscale.max);
  wholeFrom(0, 'The fewest slots of --autoscale', autoscale.min);
  if (autoscale.min > autoscale.max) {
    throw new UmbelError(
      'bad_config',
      `--autoscale has more at least (${autoscale.min}) than at most (${autoscale.max}).`,
    );
  }
  if (pool !== 'solo') return autoscale;
  throw new UmbelError('bad_config', 'The solo pool runs one task at a time: it cannot have --autoscale.');
}

function queuesOf(app: Celery, { queues, excludeQueues = [] }: WorkerOptions, hostname: string): Queue[] {
  const named = queues?.map((name) => app.router.queue(name)) ?? app.router.queues;
  const isNamed = (queue: Queue, name: string): boolean => queue.name === name || queue.alias === name;
  const unknown = excludeQueues.find((name) => !named.some((queue) => isNamed(queue, name)));
  if (unknown !== undefined) {
    const names = named.map(({ name }) => name).join(', ');
    throw new UmbelError('bad_config', `Cannot leave out the queue "${unknown}": there are ${names}.`);
  }
  const chosen = named.filter((queue) => !excludeQueues.some((name) => isNamed(queue, name)));
  if (app.conf.worker_direct) chosen.push(directQueue(hostname));
  if (chosen.length > 0) return chosen;
  throw new UmbelError('bad_config', 'The worker has no queue to consume. Name one with -Q.');
}
