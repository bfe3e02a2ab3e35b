import { writeSync } from 'node:fs';
import type { Celery } from '../../app/celery.ts';
import type { RunHandlers } from '../../app/trace-outcome.ts';
import { toError } from '../../contract/errors.ts';
import { decodeJson } from '../../protocol/json.ts';
import { createLogger, type Logger, parseLogLevel } from '../../util/logger.ts';
import { importModules, loadApp } from '../load-app.ts';
import { logStyle, redirectPrints } from '../redirect-prints.ts';
import { ChildRun } from './child-run.ts';
import { type ChildSettings, type FromChild, isTaskRequest, type ToChild } from './ipc.ts';

/** How a child reaches its worker. */
export interface ParentChannel {
  send(message: FromChild): void;
  /** Memory that is this child's own. */
  memoryBytes(): number;
  /** Standard output is this child's own, and already what it should be; a thread has its worker's. */
  readonly ownsOutput: boolean;
}

/** What a pool child does, in a process as in a thread: loads the app, then runs one task after another as it is told. */
export class ChildLoop {
  readonly #channel: ParentChannel;
  #app: Celery | null = null;
  #run: ChildRun | null = null;
  /** Of a task whose outcome the worker is storing. */
  #handlers: RunHandlers | null = null;
  #hostname = '';
  #name = '';
  #logger: Logger = createLogger();
  #reportsMemory = false;

  constructor(channel: ParentChannel) {
    this.#channel = channel;
  }

  obey(message: ToChild): void {
    switch (message.umbel) {
      case 'init':
        void this.#init(message.settings);
        return;
      case 'run':
        void this.#execute(message.request);
        return;
      case 'run-text':
        void this.#execute(decodeJson(message.text));
        return;
      case 'soft-limit':
        this.#run?.softLimit();
        return;
      case 'handle':
        void this.#handle();
        return;
      case 'stored':
        this.#run?.stored(message.number, message.error);
        return;
      case 'exit':
        void this.#leave(0);
        return;
    }
  }

  onUnhandledRejection(reason: unknown): void {
    this.#logger.error(`A promise was rejected and nobody looked: ${toError(reason).stack}`);
  }

  async #init(settings: ChildSettings): Promise<void> {
    const level = parseLogLevel(settings.logLevel) ?? 'WARNING';
    const { processName, outputFd } = settings;
    const isShared = outputFd != null && !this.#channel.ownsOutput;
    const write = isShared ? { write: (line: string) => void writeSync(outputFd, line) } : {};
    this.#logger = createLogger({ level, processName, ...write });
    this.#reportsMemory = settings.reportsMemory;
    this.#hostname = settings.hostname;
    this.#name = settings.processName;
    try {
      const app = await loadApp(settings.app);
      app.configure(settings.overrides);
      await importModules(app);
      const style = logStyle(app.conf, process.stderr.isTTY && !isShared);
      this.#logger = createLogger({ level, processName, ...style, ...write });
      redirectPrints(app, this.#logger);
      this.#app = app;
      await app.signals.send('worker_process_init', { sender: this.#name });
      this.#channel.send({ umbel: 'ready' });
    } catch (error) {
      this.#channel.send({ umbel: 'unusable', message: toError(error).message });
      await this.#leave(1);
    }
  }

  async #execute(request: unknown): Promise<void> {
    if (this.#app === null || !isTaskRequest(request)) return;
    this.#run = new ChildRun(this.#hostname, (message) => this.#channel.send(message));
    const { outcome, handlers } = await this.#run.trace(this.#app, request);
    this.#handlers = handlers;
    if (handlers !== null) {
      this.#channel.send({ umbel: 'outcome', outcome, memoryBytes: null, hasHandlers: true });
      return;
    }
    this.#run = null;
    this.#channel.send({ umbel: 'outcome', outcome, memoryBytes: this.#memoryBytes() });
  }

  async #handle(): Promise<void> {
    const failure = await this.#handlers?.();
    this.#handlers = null;
    this.#run = null;
    this.#channel.send({
      umbel: 'handled',
      complaint: failure?.traceback ?? null,
      memoryBytes: this.#memoryBytes(),
    });
  }

  #memoryBytes(): number | null {
    return this.#reportsMemory ? this.#channel.memoryBytes() : null;
  }

  async #leave(code: number): Promise<void> {
    const patience = new Promise((resolve) => setTimeout(resolve, 2000));
    const shutdown = { sender: this.#name, pid: process.pid, exitcode: code };
    // What cannot be told or closed ends with the child.
    await Promise.race([this.#app?.signals.send('worker_process_shutdown', shutdown), patience]);
    const closing = this.#app?.close() ?? Promise.resolve();
    await Promise.race([closing.catch(() => {}), patience]);
    process.exit(code);
  }
}
