import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, UmbelError } from '../../lib/contract/errors.ts';
import { type Logger, silentLogger } from '../../lib/util/logger.ts';
import type { Service } from '../../lib/util/service.ts';
import { releaseOwnLock } from '../directory-lock.ts';
import { Engine } from './engine.ts';
import type { EngineOptions } from './options.ts';
import type { ThreadMessage } from './thread.ts';

export interface EngineHostOptions extends EngineOptions {
  /** The thread ended without being asked to: what is on disk is safe, but nobody serves it. */
  readonly onExit?: (reason: string) => void;
}

const STOP_MS = 10_000;

/** A thread needs compiled files; from the sources the engine runs in this one. */
const IS_COMPILED = import.meta.url.endsWith('.js');

/** The engine in a thread of its own: a busy page does not delay a queue, nor a busy queue a page. */
export class EngineHost implements Service {
  readonly #options: EngineHostOptions;
  readonly #logger: Logger;
  #thread: Worker | null = null;
  #local: Engine | null = null;
  #port = 0;
  #url = '';
  #isStopping = false;

  constructor(options: EngineHostOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  /** The TCP port, once started. */
  get port(): number {
    return this.#port;
  }

  /** `redis://host:port/0`, without the password. */
  get url(): string {
    return this.#url;
  }

  /** Loads the data and listens. Throws `conflict` when the port or the data directory is in use. */
  async start(): Promise<void> {
    if (this.#thread || this.#local) return;
    if (!IS_COMPILED) {
      this.#local = new Engine(this.#options);
      await this.#local.start();
      this.#take(this.#local);
      return;
    }
    const { logger: _logger, onExit: _onExit, ...plain } = this.#options;
    const thread = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: plain,
      name: 'umbel-engine',
    });
    this.#thread = thread;
    try {
      this.#take(await this.#started(thread));
    } catch (error) {
      this.#thread = null;
      throw error;
    }
  }

  /** Answers what came, writes what is left of the log, ends the thread; by force after 10 seconds. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#local?.stop();
    this.#local = null;
    const thread = this.#thread;
    this.#thread = null;
    if (!thread) return;
    const ended = once(thread, 'exit');
    thread.postMessage('stop');
    const force = setTimeout(() => void thread.terminate(), STOP_MS);
    await ended;
    clearTimeout(force);
  }

  #take({ port, url }: { readonly port: number; readonly url: string }): void {
    this.#port = port;
    this.#url = url;
  }

  #started(thread: Worker): Promise<{ port: number; url: string }> {
    return new Promise((resolve, reject) => {
      thread.on('message', (message: ThreadMessage) => {
        if (message.kind === 'started') resolve(message);
        else if (message.kind === 'failed') reject(new UmbelError(asCode(message.code), message.message));
        else if (message.kind === 'log') this.#log(message);
      });
      thread.on('error', (error) => {
        this.#logger.critical(`The embedded engine has failed: ${error.stack ?? error.message}`);
        reject(
          new UmbelError('internal', `The embedded engine has failed: ${error.message}`, { cause: error }),
        );
      });
      thread.on('exit', (code) => {
        this.#ended(`exit code ${code}`);
        reject(new UmbelError('internal', `The embedded engine ended while it started: exit code ${code}.`));
      });
    });
  }

  /** Unasked: its lock must not keep the next one out. */
  #ended(reason: string): void {
    if (this.#isStopping || this.#url === '') return;
    this.#thread = null;
    if (this.#options.dataDir !== null) releaseOwnLock(this.#options.dataDir);
    this.#options.onExit?.(reason);
  }

  #log({ level, message }: Extract<ThreadMessage, { kind: 'log' }>): void {
    const write = {
      DEBUG: 'debug',
      INFO: 'info',
      WARNING: 'warning',
      ERROR: 'error',
      CRITICAL: 'critical',
    } as const;
    this.#logger[write[level]](message);
  }
}

const CODES: readonly ErrorCode[] = ['bad_config', 'conflict', 'unavailable', 'too_large'];

function asCode(text: string): ErrorCode {
  return CODES.find((code) => code === text) ?? 'internal';
}
