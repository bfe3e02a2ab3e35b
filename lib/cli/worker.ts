import { type Command, InvalidArgumentError } from 'commander';
import type { Celery } from '../app/celery.ts';
import { toError } from '../contract/errors.ts';
import { createLogger, type Logger, type LogLevel } from '../util/logger.ts';
import { banner } from '../worker/banner.ts';
import { nodeFile } from '../worker/names.ts';
import { ASYNC_CONCURRENCY, poolKind, type WorkerOptions } from '../worker/options.ts';
import { WorkerSignals } from '../worker/signals.ts';
import { Worker } from '../worker/worker.ts';
import { type GlobalOptions, openApp, overridesOf } from './context.ts';
import { CliExit, EXIT } from './exit.ts';
import { say } from './output.ts';
import { count, list, logLevel, seconds, wholeNumber } from './parse.ts';
import { Pidfile } from './pidfile.ts';

interface WorkerCliOptions {
  readonly hostname?: string;
  readonly loglevel: LogLevel;
  readonly concurrency?: number;
  readonly pool?: string;
  readonly queues?: string[];
  readonly excludeQueues?: string[];
  readonly taskEvents?: boolean;
  readonly prefetchMultiplier?: number;
  readonly maxTasksPerChild?: number;
  readonly maxMemoryPerChild?: number;
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
  readonly withoutHeartbeat?: boolean;
  readonly heartbeatInterval: number;
  readonly purge?: boolean;
  readonly pidfile?: string;
}

/** `umbel worker`: runs tasks until it is told to stop. */
export function registerWorker(program: Command): void {
  program
    .command('worker')
    .description('Run tasks: take them from queues and run them in a pool of processes or in one event loop.')
    .option('-n, --hostname <name>', 'name of this worker: w1@%h (%h host, %n its first part, %d the rest)')
    .option('-l, --loglevel <level>', 'debug, info, warning, error or critical', logLevel, 'WARNING')
    .option(
      '-c, --concurrency <n>',
      `tasks at once; default: CPUs, ${ASYNC_CONCURRENCY} with -P async`,
      count,
    )
    .option(
      '-P, --pool <pool>',
      'prefork (processes, the default), threads, async (one event loop), solo (one task)',
      pool,
    )
    .option('-Q, --queues <names>', 'comma-separated queues to take from; default: those of the app', list)
    .option('-X, --exclude-queues <names>', 'queues of the app to leave out', list)
    .option('-E, --task-events', 'send task events, for the dashboard and other monitors')
    .option('--prefetch-multiplier <n>', 'messages to hold for each slot; 0: no limit', wholeNumber)
    .option('--max-tasks-per-child <n>', 'replace a process or thread after so many tasks', count)
    .option('--max-memory-per-child <kib>', 'replace a process or thread that uses more memory', count)
    .option('--time-limit <seconds>', 'stop tasks after so long, unless they set a limit', seconds)
    .option('--soft-time-limit <seconds>', 'abort the signal of tasks after so long', seconds)
    .option('--without-heartbeat', 'send no heartbeat events')
    .option('--heartbeat-interval <seconds>', 'seconds between heartbeats', seconds, 2)
    .option('--purge', 'delete all waiting messages of the queues first; they cannot be brought back')
    .option('--pidfile <file>', 'write the process id to this file; a second worker with it refuses to start')
    .addHelpText('after', '\nExample: umbel -A tasks worker -l info -c 4 -Q celery,reports -n w1@%h')
    .action(async (options: WorkerCliOptions) => {
      // Not just the exit code: a task that was cut off, or a module of the user's, may keep timers and sockets open.
      process.exit(await runWorker(program.opts<GlobalOptions>(), options));
    });
}

function pool(name: string): string {
  try {
    return poolKind(name);
  } catch (error) {
    throw new InvalidArgumentError(toError(error).message);
  }
}

async function runWorker(globals: GlobalOptions, options: WorkerCliOptions): Promise<number> {
  if (!globals.app) {
    throw new CliExit(
      EXIT.usage,
      'Error: A worker needs an app: umbel -A tasks worker (tasks.ts exports it).',
    );
  }
  const logger = createLogger({ level: options.loglevel });
  const app = await openApp(globals);
  const worker = new Worker(app, workerOptions(globals, options, logger));
  const { hostname } = worker.settings;
  const pidfile = options.pidfile ? new Pidfile(nodeFile(options.pidfile, hostname)) : null;
  pidfile?.claim();
  const signals = new WorkerSignals(worker, say);
  try {
    if (!globals.quiet) say(banner(app, worker.settings, logger.isEnabled('INFO')));
    if (options.purge)
      await purge(
        app,
        worker.settings.queues.map(({ name }) => name),
      );
    signals.install();
    keepAlive(logger);
    stopWithParent(worker);
    await Promise.race([worker.start(), worker.done]);
    return await worker.done;
  } catch (error) {
    await app.close();
    throw error;
  } finally {
    signals.remove();
    if (process.connected) process.disconnect();
    pidfile?.release();
  }
}

function workerOptions(globals: GlobalOptions, options: WorkerCliOptions, logger: Logger): WorkerOptions {
  return {
    logger,
    logLevel: options.loglevel,
    hostname: options.hostname ?? null,
    concurrency: options.concurrency ?? null,
    pool: options.pool ?? null,
    queues: options.queues ?? null,
    excludeQueues: options.excludeQueues ?? [],
    taskEvents: options.taskEvents ?? null,
    prefetchMultiplier: options.prefetchMultiplier ?? null,
    maxTasksPerChild: options.maxTasksPerChild ?? null,
    maxMemoryPerChild: options.maxMemoryPerChild ?? null,
    timeLimit: options.timeLimit ?? null,
    softTimeLimit: options.softTimeLimit ?? null,
    heartbeatIntervalSeconds: options.withoutHeartbeat ? 0 : options.heartbeatInterval,
    appModule: globals.app ?? null,
    overrides: overridesOf(globals),
  };
}

async function purge(app: Celery, queues: readonly string[]): Promise<void> {
  const transport = await app.transport();
  let erased = 0;
  for (const queue of queues) erased += await transport.purge(queue);
  if (erased > 0) say(`purge: Erased ${erased} ${erased === 1 ? 'message' : 'messages'} from the queue.\n`);
}

/** A task's stray promise or timer must not take the worker and the other tasks with it. */
function keepAlive(logger: Logger): void {
  process.on('unhandledRejection', (reason) => {
    logger.error(`A promise was rejected and nobody looked: ${toError(reason).stack}`);
  });
  process.on('uncaughtException', (error) => {
    logger.critical(`An error outside of any task: ${error.stack}`);
  });
}

/** Started with a channel (by `umbel dev`): without its parent the worker stops, warmly. */
function stopWithParent(worker: Worker): void {
  if (process.connected) process.once('disconnect', () => void worker.stop());
}
