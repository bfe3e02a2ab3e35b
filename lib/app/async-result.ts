import type { ResultBackend, WaitOptions } from '../backend/backend.ts';
import { UmbelError } from '../contract/errors.ts';
import { PROPAGATE_STATES, READY_STATES } from '../contract/states.ts';
import { TimeoutError } from '../protocol/celery-errors.ts';
import type { ResultMeta } from '../protocol/result.ts';
import type { AnyResult, GetOptions } from './any-result.ts';
import { currentContext } from './context.ts';
import { causeOf, parentsOf, waitWithParents } from './follow-parents.ts';
import type { ResultPort, RevokeOptions } from './result-port.ts';
import { storedValue } from './stored-value.ts';

/** The result of a call, here or elsewhere, now or later. `T` is what the task returns. */
export class AsyncResult<T = unknown> implements AnyResult {
  readonly id: string;
  /** The step before this one: of a chain the previous task, of a chord's body the header. */
  readonly parent: AnyResult | null;
  readonly #app: ResultPort;

  constructor(app: ResultPort, id: string, parent: AnyResult | null = null) {
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
   * Waits for the value. Throws the task's error, or that of a step before it, `TimeoutError` after `timeout` seconds, and
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
    const backend = await this.#app.backend();
    const throws = options.propagate !== false;
    const parents = throws && options.followParents !== false ? parentsOf(this) : [];
    const meta =
      parents.length === 0
        ? await wait(backend, this.id, options)
        : await waitWithParents(parents, options.signal, (signal) =>
            wait(backend, this.id, { ...options, signal }),
          );
    const value = storedValue(meta);
    // What failed first says more than what could not follow, such as the ChordError of a body.
    if (throws && PROPAGATE_STATES.has(meta.status)) throw await causeOf(value, parents);
    return value;
  }

  async failure(): Promise<unknown> {
    const meta = await this.meta();
    return meta !== null && PROPAGATE_STATES.has(meta.status) ? storedValue(meta) : null;
  }

  /** Results of the tasks that it started, once it has ended; null before. */
  async children(): Promise<readonly AnyResult[] | null> {
    const meta = await this.meta();
    if (meta === null || !READY_STATES.has(meta.status)) return null;
    return (meta.children ?? []).map((child) => this.#app.resultFromTuple(child));
  }

  leaves(): readonly this[] {
    return [this];
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
