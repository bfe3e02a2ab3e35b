import { writeSync } from 'node:fs';
import type { Command } from 'commander';
import type { Celery } from '../app/celery.ts';
import type { Config } from '../app/config.ts';
import { toError } from '../contract/errors.ts';
import { createLogger, type Logger } from '../util/logger.ts';
import { banner } from '../worker/banner.ts';
import { importModules } from '../worker/load-app.ts';
import { nodeFile, nodeName } from '../worker/names.ts';
import { WorkerSignals } from '../worker/signals.ts';
import { Worker } from '../worker/worker.ts';
import { type GlobalOptions, openApp, orUsage, overridesOf } from './context.ts';
import { detach, isDetached, reportStart } from './detach.ts';
import { CliExit, EXIT, explain } from './exit.ts';
import { openLogFile } from './log-file.ts';
import { say } from './output.ts';
import { Pidfile } from './pidfile.ts';
import { applyPrivileges } from './privileges.ts';
import { readSettingWords } from './setting-words.ts';
import { addWorkerOptions, type WorkerCliOptions, workerOptions } from './worker-options.ts';

/** `umbel worker`: runs tasks until it is told to stop. */
export function registerWorker(program: Command): void {
  const command = program
    .command('worker')
    .description('Run tasks: take them from queues and run them in a pool of processes or in one event loop.')
    .argument('[settings...]', 'settings to change, such as task_acks_late=true')
    .addHelpText('after', '\nExample: umbel -A tasks worker -l info -c 4 -Q celery,reports -n w1@%h');
  addWorkerOptions(command).action(async (words: string[], options: WorkerCliOptions) => {
    const globals = program.opts<GlobalOptions>();
    const settings = readSettingWords(words, 'worker');
    if (options.detach && !isDetached()) {
      say(await startInBackground(globals, options));
      return;
    }
    // Not just the exit code: a task that was cut off, or a module of the user's, may keep timers and sockets open.
    process.exit(await runWorker(globals, options, settings));
  });
}

async function startInBackground(globals: GlobalOptions, options: WorkerCliOptions): Promise<string> {
  checkApp(globals);
  applyPrivileges(options);
  return detach(logFileOf(options));
}

function checkApp(globals: GlobalOptions): string {
  if (globals.app) return globals.app;
  throw new CliExit(EXIT.usage, 'Error: A worker needs an app: umbel -A tasks worker (tasks.ts exports it).');
}

function logFileOf({ logfile, hostname }: WorkerCliOptions): number | null {
  return logfile === undefined ? null : openLogFile(nodeFile(logfile, nodeName(hostname ?? null)));
}

async function runWorker(
  globals: GlobalOptions,
  options: WorkerCliOptions,
  settings: Partial<Config>,
): Promise<number> {
  const appModule = checkApp(globals);
  try {
    // In the background the parent has done both already.
    if (!isDetached()) applyPrivileges(options);
    const outputFd = isDetached() ? null : logFileOf(options);
    const logger = makeLogger(options, outputFd);
    const app = await openApp(globals);
    const overrides = { ...(await overridesOf(globals)), ...settings, ...included(app, options) };
    app.configure(overrides);
    await orUsage(() => importModules(app));
    const worker = new Worker(app, { ...workerOptions(options), logger, appModule, overrides, outputFd });
    return await serve(app, worker, logger, globals, options);
  } catch (error) {
    const { text, exitCode } = explain(error);
    await reportStart({ error: text, exitCode });
    throw error;
  }
}

function makeLogger({ loglevel: level }: WorkerCliOptions, fd: number | null): Logger {
  if (fd === null) return createLogger({ level });
  return createLogger({ level, write: (line) => void writeSync(fd, line) });
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
  pidfile?.claim();
  const signals = new WorkerSignals(worker, say);
  try {
    if (!quiet) say(banner(app, worker.settings, logger.isEnabled('INFO')));
    const names = queues.map(({ name }) => name);
    if (options.purge) await purge(app, names);
    signals.install();
    keepAlive(logger);
    if (isDetached()) await reportStart({ started: `${hostname} started in the background` });
    else stopWithParent(worker);
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
