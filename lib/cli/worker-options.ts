import { type Command, InvalidArgumentError, Option } from 'commander';
import { toError } from '../contract/errors.ts';
import type { LogLevel } from '../util/logger.ts';
import type { AutoscaleRange } from '../worker/autoscaler.ts';
import { nodeFile, nodeName } from '../worker/names.ts';
import { ASYNC_CONCURRENCY, poolKind, type WorkerOptions } from '../worker/options.ts';
import { CliExit, EXIT } from './exit.ts';
import { openLogFile } from './log-file.ts';
import { autoscale, count, list, logLevel, octal, seconds, wholeNumber } from './parse.ts';
import type { Privileges } from './privileges.ts';

/** What stands on the command line of a worker. */
export interface WorkerCliOptions extends Privileges {
  readonly hostname?: string;
  readonly loglevel: LogLevel;
  readonly concurrency?: number;
  readonly autoscale?: AutoscaleRange;
  readonly pool?: string;
  readonly queues?: string[];
  readonly excludeQueues?: string[];
  readonly include?: string[];
  readonly taskEvents?: boolean;
  readonly prefetchMultiplier?: number;
  readonly maxTasksPerChild?: number;
  readonly maxMemoryPerChild?: number;
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
  readonly disablePrefetch?: boolean;
  readonly statedb?: string;
  readonly withoutGossip?: boolean;
  readonly withoutMingle?: boolean;
  readonly withoutHeartbeat?: boolean;
  readonly heartbeatInterval: number;
  readonly purge?: boolean;
  readonly detach?: boolean;
  readonly logfile?: string;
  readonly pidfile?: string;
}

/** Also for an interval of 0, as Celery reads it. */
const HEARTBEAT_SECONDS = 2;

/** Celery's options of a worker, in groups. */
export function addWorkerOptions(command: Command): Command {
  return addDaemonOptions(addFeatureOptions(addPoolOptions(addNameOptions(command))));
}

function addNameOptions(command: Command): Command {
  return command
    .option('-n, --hostname <name>', 'name of this worker: w1@%h (%h host, %n its first part, %d the rest)')
    .option('-l, --loglevel <level>', 'debug, info, warning, error or critical', logLevel, 'WARNING')
    .option('-Q, --queues <names>', 'comma-separated queues to take from; default: those of the app', list)
    .option('-X, --exclude-queues <names>', 'queues of the app to leave out', list)
    .option('-I, --include <modules>', 'comma-separated modules with more tasks', list);
}

function addPoolOptions(command: Command): Command {
  return command
    .optionsGroup('Pool:')
    .option(
      '-c, --concurrency <n>',
      `tasks at once; default: CPUs, ${ASYNC_CONCURRENCY} with -P async`,
      count,
    )
    .option(
      '--autoscale <max,min>',
      'let the pool follow its load between two sizes, such as 10,2',
      autoscale,
    )
    .option(
      '-P, --pool <pool>',
      'prefork (processes, the default), threads, async (one event loop), solo (one task)',
      pool,
    )
    .option('--time-limit <seconds>', 'stop tasks after so long, unless they set a limit', seconds)
    .option('--soft-time-limit <seconds>', 'abort the signal of tasks after so long', seconds)
    .option('--max-tasks-per-child <n>', 'replace a process or thread after so many tasks', count)
    .option('--max-memory-per-child <kib>', 'replace a process or thread that uses more memory', count)
    .option('--prefetch-multiplier <n>', 'messages to hold for each slot; 0: no limit', wholeNumber)
    .option('--disable-prefetch', 'take a message only when a slot is free for it (not on RabbitMQ)')
    .addOption(
      new Option('-O, --optimization <profile>', 'default or fair: both give a task to a slot that is free')
        .choices(['default', 'fair', 'fast', 'fcfs'])
        .hideHelp(),
    );
}

function addFeatureOptions(command: Command): Command {
  return command
    .optionsGroup('Features:')
    .option('-E, --task-events', 'send task events, for the dashboard and other monitors')
    .addOption(new Option('--events').implies({ taskEvents: true }).hideHelp())
    .option(
      '-S, --statedb <file>',
      'keep which tasks are revoked in this file, over restarts (%n name, %h host)',
    )
    .option('--without-gossip', 'do not listen to the other workers')
    .option('--without-mingle', 'do not ask the other workers at start what is revoked')
    .option('--without-heartbeat', 'send no heartbeat events')
    .option('--heartbeat-interval <seconds>', 'seconds between heartbeats', seconds, HEARTBEAT_SECONDS)
    .option('--purge', 'delete all waiting messages of the queues first; they cannot be brought back')
    .addOption(new Option('--discard').implies({ purge: true }).hideHelp())
    .addOption(new Option('-B, --beat').argParser(noBeat).hideHelp());
}

function addDaemonOptions(command: Command): Command {
  return command
    .optionsGroup('Daemon:')
    .option('-D, --detach', 'run in the background; returns when the worker is ready')
    .option('-f, --logfile <file>', 'append the log to this file (%n, %h, %p: parts of the name)')
    .option('--pidfile <file>', 'write the process id to this file; a second worker with it refuses to start')
    .option('--uid <user>', 'run as this user')
    .option('--gid <group>', 'run as this group')
    .option('--umask <octal>', 'mask of file modes, such as 022', octal);
}

function pool(name: string): string {
  try {
    return poolKind(name);
  } catch (error) {
    throw new InvalidArgumentError(toError(error).message);
  }
}

function noBeat(): never {
  throw new CliExit(
    EXIT.usage,
    "Error: Periodic tasks (-B) are not there yet. Run Python's `celery beat`, or cron with `umbel call`.",
  );
}

/** The same for the worker itself. */
export function workerOptions(
  options: WorkerCliOptions,
): Omit<WorkerOptions, 'logger' | 'appModule' | 'overrides' | 'outputFd'> {
  return {
    logLevel: options.loglevel,
    hostname: options.hostname ?? null,
    concurrency: options.concurrency ?? null,
    autoscale: options.autoscale ?? null,
    pool: options.pool ?? null,
    queues: options.queues ?? null,
    excludeQueues: options.excludeQueues ?? [],
    taskEvents: options.taskEvents ?? null,
    prefetchMultiplier: options.prefetchMultiplier ?? null,
    maxTasksPerChild: options.maxTasksPerChild ?? null,
    maxMemoryPerChild: options.maxMemoryPerChild ?? null,
    timeLimit: options.timeLimit ?? null,
    softTimeLimit: options.softTimeLimit ?? null,
    stateDb: options.statedb ?? null,
    mingle: options.withoutMingle !== true,
    gossip: options.withoutGossip !== true,
    heartbeatIntervalSeconds: options.withoutHeartbeat ? 0 : options.heartbeatInterval || HEARTBEAT_SECONDS,
  };
}

/** Opens the log file, if one is asked for, under the name of the worker. */
export function logFileOf({ logfile, hostname }: WorkerCliOptions): number | null {
  return logfile === undefined ? null : openLogFile(nodeFile(logfile, nodeName(hostname ?? null)));
}
