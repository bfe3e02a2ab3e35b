import type { ResultBackend, WaitOptions } from '../backend/backend.ts';
import { UmbelError } from '../contract/errors.ts';
import { EXCEPTION_STATES, PROPAGATE_STATES, READY_STATES } from '../contract/states.ts';
import { TimeoutError } from '../protocol/celery-errors.ts';
import { decodeException } from '../protocol/exception.ts';
import type { ResultMeta } from '../protocol/result.ts';
import { currentContext } from './context.ts';
import type { ResultPort, RevokeOptions } from './result-port.ts';

export interface GetOptions {
  /** Seconds; for ever when left out. */
  readonly timeout?: number;
  /** Throw the task's error. Default true; false returns it. */
  readonly propagate?: boolean;
  readonly signal?: AbortSignal;
  /** Called for each state on the way, PROGRESS included. */
  readonly onState?: (meta: ResultMeta) => void;
  /** Waiting inside a task can block the worker on itself, so it is refused unless this is false. */
  readonly disableSyncSubtasks?: boolean;
}

/** The result of a call, here or elsewhere, now or later. `T` is what the task returns. */
export class AsyncResult<T = unknown> {
  readonly id: string;
  /** The step before this one, for the last of a chain. */
  readonly parent: AsyncResult | null;
  readonly #app: ResultPort;

  constructor(app: ResultPort, id: string, parent: AsyncResult | null = null) {
    if (id === '') throw new UmbelError('bad_request', 'A result needs the id of a task.');
    this.#app = app;
    this.id = id;
    this.parent = parent;
  }

  /** PENDING when nothing is known of the id. */
  async status(): Promise<string> {
    return (await this.meta())?.status ?? 'PENDING';
  }

  async state(): Promise<string> {
    return this.status();
  }

  /** The value, the error (not thrown), or the meta of a custom state; null while there is none. */
  async result(): Promise<unknown> {
    const meta = await this.meta();
    return meta === null ? null : storedValue(meta);
  }

  /** As `result`: by custom the name for the meta of a PROGRESS state. */
  async info(): Promise<unknown> {
    return this.result();
  }

  async traceback(): Promise<string | null> {
    return (await this.meta())?.traceback ?? null;
  }

  /** Success, failure or revoked: it will not change any more. */
  async ready(): Promise<boolean> {
    return READY_STATES.has(await this.status());
  }

  async successful(): Promise<boolean> {
    return (await this.status()) === 'SUCCESS';
  }

  async failed(): Promise<boolean> {
    return (await this.status()) === 'FAILURE';
  }

  /** The whole record, or null when there is none. */
  async meta(): Promise<ResultMeta | null> {
    return (await this.#app.backend()).get(this.id);
  }

  /**
   * Waits for the value. Throws the task's error, `TimeoutError` after `timeout` seconds, and
   * `UmbelError('unavailable')` when the backend cannot be reached.
   */
  get(options: GetOptions & { readonly propagate: false }): Promise<T | Error>;
  get(options?: GetOptions): Promise<T>;
  async get(options: GetOptions = {}): Promise<unknown> {
    if (options.disableSyncSubtasks !== false && currentContext()?.calledDirectly === false) {
      throw new UmbelError(
        'bad_request',
        'Never call result.get() within a task! Use a chain or a link instead.',
      );
    }
    const meta = await wait(await this.#app.backend(), this.id, options);
    const value = storedValue(meta);
    if (options.propagate !== false && PROPAGATE_STATES.has(meta.status)) throw value;
    return value;
  }

  /** Asks all workers not to start it, or with `terminate` to stop it. */
  async revoke(options: RevokeOptions = {}): Promise<void> {
    await this.#app.revoke(this.id, options);
  }

  /** Deletes the stored result, and those of its parents. */
  async forget(): Promise<void> {
    await (await this.#app.backend()).forget(this.id);
    await this.parent?.forget();
  }

  /** `[[id, parent], null]`, the form in which results travel inside results. */
  asTuple(): [[string, unknown], null] {
    return [[this.id, this.parent?.asTuple() ?? null], null];
  }

  toJSON(): unknown {
    return this.asTuple();
  }

  toString(): string {
    return this.id;
  }
}

async function wait(backend: ResultBackend, id: string, options: GetOptions): Promise<ResultMeta> {
  const { timeout, signal, onState } = options;
  const waitOptions: WaitOptions = {
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
    ...(signal && { signal }),
    ...(onState && { onState }),
  };
  try {
    return await backend.wait(id, waitOptions);
  } catch (error) {
    if (error instanceof UmbelError && error.code === 'timeout') throw new TimeoutError();
    throw error;
  }
}

/** What a stored record stands for: an error in the states that hold one. */
function storedValue(meta: ResultMeta): unknown {
  return EXCEPTION_STATES.has(meta.status) ? decodeException(meta.result, meta.traceback) : meta.result;
}
