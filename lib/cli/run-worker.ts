import { writeSync } from 'node:fs';
import type { Celery } from '../app/celery.ts';
import type { Config } from '../app/config.ts';
import { toError } from '../contract/errors.ts';
import { createLogger, type Logger } from '../util/logger.ts';
import { banner } from '../worker/banner.ts';
import { importModules } from '../worker/load-app.ts';
import { nodeFile } from '../worker/names.ts';
import { logStyle, redirectPrints } from '../worker/redirect-prints.ts';
import { WorkerSignals } from '../worker/signals.ts';
import { Worker } from '../worker/worker.ts';
import { type GlobalOptions, openApp, orUsage, overridesOf } from './context.ts';
import { isDetached, reportStart } from './detach.ts';
import { explain } from './exit.ts';
import { say } from './output.ts';
import { Pidfile } from './pidfile.ts';
import { applyPrivileges } from './privileges.ts';
import { isSuccessor, runSuccessors } from './successor.ts';
import { logFileOf, type WorkerCliOptions, workerOptions } from './worker-options.ts';

const READY_PATIENCE_MS = 20_000;

/** Runs a worker as the command line says, in this process, until it has ended; returns its exit code. */
export async function runWorker(
  globals: GlobalOptions,
  options: WorkerCliOptions,
  settings: Partial<Config>,
): Promise<number> {
  const appModule = globals.app ?? '';
  try {
    // In the background the parent has done both already.
    if (!isDetached() && !isSuccessor()) applyPrivileges(options);
    const outputFd = isDetached() ? null : logFileOf(options);
    const app = await openApp(globals);
    const overrides = {
      ...(await overridesOf(globals)),
      ...settings,
      ...included(app, options),
      ...(options.disablePrefetch && { worker_disable_prefetch: true }),
    };
    app.configure(overrides);
    await orUsage(() => importModules(app));
    const logger = makeLogger(options, outputFd, app.conf);
    const worker = new Worker(app, { ...workerOptions(options), logger, appModule, overrides, outputFd });
    return await serve(app, worker, logger, globals, options);
  } catch (error) {
    const { text, exitCode } = explain(error);
    await reportStart({ error: text, exitCode });
    throw error;
  }
}

function makeLogger({ loglevel: level }: WorkerCliOptions, fd: number | null, conf: Config): Logger {
  if (fd === null) return createLogger({ level, ...logStyle(conf, process.stderr.isTTY) });
  return createLogger({ level, ...logStyle(conf, false), write: (line) => void writeSync(fd, line) });
}

function included({ conf }: Celery, { include }: WorkerCliOptions): Partial<Config> {
  return include === undefined ? {} : { include: [...conf.include, ...include] };
}

async function serve(
  app: Celery,
  worker: Worker,
  logger: Logger,
  { quiet }: GlobalOptions,
  options: WorkerCliOptions,
): Promise<number> {
  const { hostname, queues } = worker.settings;
  const pidfile = options.pidfile ? new Pidfile(nodeFile(options.pidfile, hostname)) : null;
  // A successor's is held by the process that it takes over from.
  if (!isSuccessor()) pidfile?.claim();
  const signals = new WorkerSignals(worker, say);
  let endRedirect = (): void => {};
  try {
    if (!quiet) say(banner(app, worker.settings, logger.isEnabled('INFO')));
    const names = queues.map(({ name }) => name);
    if (options.purge && !isSuccessor()) await purge(app, names);
    signals.install();
    keepAlive(logger);
    endRedirect = redirectPrints(app, logger);
    const starting = Promise.race([worker.start(), worker.done]);
    if (isDetached() && !isSuccessor()) reportReady(hostname, starting);
    else stopWithParent(worker);
    await starting;
    const code = await worker.done;
    signals.remove();
    return signals.isRestartWanted ? await runSuccessors() : code;
  } catch (error) {
    // Why it ends is no print of a task: the terminal shows it at any log level, and a log file of its own keeps it.
    endRedirect();
    if (options.logfile !== undefined && !isDetached()) logger.critical(toError(error).message);
    await app.close();
    throw error;
  } finally {
    signals.remove();
    if (process.connected) process.disconnect();
    pidfile?.release();
  }
}

/** Tells who waits for it at the terminal; not for ever, because a broker may be away for long. */
function reportReady(hostname: string, starting: Promise<unknown>): void {
  const started = `${hostname} started in the background`;
  const timer = setTimeout(() => void reportStart({ started, isReady: false }), READY_PATIENCE_MS);
  starting
    .then(() => reportStart({ started, isReady: true }))
    // Whoever runs the worker tells that it did not start.
    .catch(() => {})
    .finally(() => clearTimeout(timer));
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
