import { isChordBackend } from '../app/chord-backend.ts';
import type { Config } from '../app/config.ts';
import type { ResultBackend } from '../backend/backend.ts';
import { toError, UmbelError } from '../contract/errors.ts';
import { encodeJson } from '../protocol/json.ts';
import { backoffMs } from '../util/backoff.ts';
import type { Logger } from '../util/logger.ts';

export interface ResultsOptions {
  /** null when results are not kept. */
  readonly backend: ResultBackend | null;
  readonly logger: Logger;
  /** Called when the store keeps up again after `isBehind`. */
  readonly onCaughtUp: () => void;
  /** How a write that failed is tried again. Default 8 times, for about half a minute. */
  readonly retry?: StoreRetry;
}

export interface StoreRetry {
  readonly maxTries: number;
  /** Milliseconds. */
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Beyond so many unanswered writes no new task starts: a store that is away must not fill the memory. */
const MAX_PENDING = 2000;
const WARN_EVERY_MS = 10_000;
const DEFAULT_RETRY: StoreRetry = { maxTries: 8, baseMs: 250, maxMs: 10_000 };

/** What `result_backend_always_retry` and its companions ask for. */
export function retryOf(conf: Config): StoreRetry {
  if (!conf.result_backend_always_retry) return DEFAULT_RETRY;
  return {
    maxTries: conf.result_backend_max_retries,
    baseMs: conf.result_backend_base_sleep_between_retries_ms,
    maxMs: conf.result_backend_max_sleep_between_retries_ms,
  };
}

interface Pending {
  readonly taskId: string;
  readonly text: string;
  readonly replyTo: string | null;
  readonly onDone: () => void;
}

/** Records whose writing has one promise. */
interface Wave {
  readonly stored: Promise<void>;
  readonly records: Pending[];
}

/** The store is there and has said no, as opposed to one that is away. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.name === 'ReplyError';
}

/** The store, or the way to it, can never take this record. */
function isHopeless(error: unknown): boolean {
  return error instanceof UmbelError && error.code === 'bad_request';
}

/** Stores results for the worker: tries again while the store is away, and counts what is under way. */
export class Results {
  readonly #options: ResultsOptions;
  #pending = 0;
  /** The youngest one. */
  #wave: Wave | null = null;
  #idleWaiters: (() => void)[] = [];
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ResultsOptions) {
    this.#options = options;
  }

  get isBehind(): boolean {
    return this.#pending >= MAX_PENDING;
  }

  get isKept(): boolean {
    return this.#options.backend !== null;
  }

  /** The store does not count the header of a chord: whoever waits for it reads what its tasks have become. */
  get areHeadersRead(): boolean {
    const { backend } = this.#options;
    return backend !== null && !isChordBackend(backend);
  }

  /**
   * Resolves when stored, or with an ERROR in the log after about half a minute of trying, at once for what can never be
   * stored. Never rejects.
   */
  store(taskId: string, text: string, replyTo: string | null = null): Promise<void> {
    return new Promise((resolve) => this.storeThen(taskId, text, replyTo, resolve));
  }

  /**
   * As `store`, with a callback: the records of one turn of the event loop travel together and end together, and then
   * one promise does for all of them. `replyTo` is that of the task's message.
   */
  storeThen(taskId: string, text: string, replyTo: string | null, onDone: () => void): void {
    const { backend } = this.#options;
    if (backend === null) {
      onDone();
      return;
    }
    this.#pending += 1;
    const stored = backend.store({ taskId, text, replyTo });
    const record: Pending = { taskId, text, replyTo, onDone };
    if (this.#wave?.stored === stored) {
      this.#wave.records.push(record);
      return;
    }
    const wave: Wave = { stored, records: [record] };
    this.#wave = wave;
    stored.then(
      () => this.#endAll(wave),
      (error: unknown) => this.#tryAllAgain(backend, wave, error),
    );
  }

  /** JSON of the value of a task that is stored as SUCCESS, else null. Throws when that cannot be read. */
  async successText(taskId: string): Promise<string | null> {
    const known = await this.#options.backend?.get(taskId);
    return known?.status === 'SUCCESS' ? encodeJson(known.result) : null;
  }

  /** Stores a REVOKED for a task that nobody here runs, unless it has ended already. */
  async storeUnlessReady(taskId: string, text: string): Promise<void> {
    try {
      const known = await this.#options.backend?.get(taskId);
      if (known?.dateDone) return;
    } catch (error) {
      this.#options.logger.warning(`The result of ${taskId} cannot be read: ${toError(error).message}`);
      return;
    }
    await this.store(taskId, text);
  }

  /** Waits until everything stored so far is written. */
  async flush(): Promise<void> {
    if (this.#pending === 0) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  #endAll(wave: Wave): void {
    if (this.#wave === wave) this.#wave = null;
    for (const record of wave.records) this.#end(record);
  }

  #end({ onDone }: Pending): void {
    this.#pending -= 1;
    onDone();
    if (this.#pending === MAX_PENDING - 1) this.#options.onCaughtUp();
    if (this.#pending === 0) this.#wake();
  }

  #tryAllAgain(backend: ResultBackend, wave: Wave, error: unknown): void {
    if (this.#wave === wave) this.#wave = null;
    const isRefused = isRefusal(error);
    if (isRefused) this.#warn(toError(error));
    for (const record of wave.records) {
      // A store that refuses (out of memory) may be the broker too, and then only acks make room: they must not wait.
      if (isRefused) record.onDone();
      const rest = isRefused ? { ...record, onDone: () => {} } : record;
      void this.#tryAgain(backend, rest, error).then(() => this.#end(rest));
    }
  }

  async #tryAgain(
    backend: ResultBackend,
    { taskId, text, replyTo }: Pending,
    firstError: unknown,
  ): Promise<void> {
    let error = firstError;
    const { retry = DEFAULT_RETRY } = this.#options;
    for (let attempt = 0; attempt < retry.maxTries && !isHopeless(error); attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, retry)));
      try {
        await backend.store({ taskId, text, replyTo });
        return;
      } catch (thrown) {
        error = thrown;
      }
    }
    this.#options.logger.error(`The result of task ${taskId} is not stored: ${toError(error).message}`);
  }

  #warn({ message }: Error): void {
    if (performance.now() - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = performance.now();
    this.#options.logger.warning(`${message} Results are tried again; tasks are acknowledged meanwhile.`);
  }

  #wake(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
