import type { Celery } from '../../app/celery.ts';
import { toError } from '../../contract/errors.ts';
import { decodeJson } from '../../protocol/json.ts';
import { createLogger, type Logger, parseLogLevel } from '../../util/logger.ts';
import { loadApp } from '../load-app.ts';
import { ChildRun } from './child-run.ts';
import { type ChildSettings, type FromChild, isTaskRequest, isToChild, type ToChild } from './ipc.ts';

/*
 * What a process of the prefork pool runs: loads the app, then one task after another as the worker sends them.
 * Ctrl-C reaches the whole group of the terminal; the worker decides what it means, so it is ignored here. SIGTERM
 * keeps its default and kills, even a child that computes. When the worker is gone so is the child.
 */

let app: Celery | null = null;
let run: ChildRun | null = null;
let hostname = '';
let logger: Logger = createLogger();
let processName = '';
let reportsMemory = false;

const send = (message: FromChild): void => {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
};

async function init(settings: ChildSettings): Promise<void> {
  const level = parseLogLevel(settings.logLevel) ?? 'WARNING';
  logger = createLogger({ level, processName: settings.processName });
  reportsMemory = settings.reportsMemory;
  hostname = settings.hostname;
  try {
    app = await loadApp(settings.app);
    Object.assign(app.conf, settings.overrides);
    processName = settings.processName;
    await app.signals.send('worker_process_init', { sender: processName });
    send({ umbel: 'ready' });
  } catch (error) {
    send({ umbel: 'unusable', message: toError(error).message });
    await leave(1);
  }
}

async function execute(request: unknown, celery: Celery): Promise<void> {
  if (!isTaskRequest(request)) return;
  run = new ChildRun(hostname, send);
  const outcome = await run.trace(celery, request);
  run = null;
  send({ umbel: 'outcome', outcome, memoryBytes: reportsMemory ? process.memoryUsage.rss() : null });
}

async function leave(code: number): Promise<void> {
  const patience = new Promise((resolve) => setTimeout(resolve, 2000));
  const shutdown = { sender: processName, pid: process.pid, exitcode: code };
  // What cannot be told or closed ends with the process.
  await Promise.race([app?.signals.send('worker_process_shutdown', shutdown), patience]);
  const closing = app?.close() ?? Promise.resolve();
  await Promise.race([closing.catch(() => {}), patience]);
  process.exit(code);
}

function obey(message: ToChild): void {
  switch (message.umbel) {
    case 'init':
      void init(message.settings);
      return;
    case 'run':
      if (app) void execute(message.request, app);
      return;
    case 'run-text':
      if (app) void execute(decodeJson(message.text), app);
      return;
    case 'soft-limit':
      run?.softLimit();
      return;
    case 'stored':
      run?.stored(message.number, message.error);
      return;
    case 'exit':
      void leave(0);
      return;
  }
}

process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));
process.on('unhandledRejection', (reason) => {
  logger.error(`A promise was rejected and nobody looked: ${toError(reason).stack}`);
});
process.on('message', (message) => {
  if (isToChild(message)) obey(message);
});
