import type { ResultBackend, WaitOptions } from '../backend/backend.ts';
import { UmbelError } from '../contract/errors.ts';
import { PROPAGATE_STATES, READY_STATES } from '../contract/states.ts';
import { TimeoutError } from '../protocol/celery-errors.ts';
import { parseIso } from '../protocol/json-types.ts';
import type { ResultMeta } from '../protocol/result.ts';
import type { AnyResult, GetOptions } from './any-result.ts';
import { currentContext } from './context.ts';
import { causeOf, parentsOf, waitWithParents } from './follow-parents.ts';
import type { ResultPort } from './result-port.ts';
import { collectFrom, type Dependency, DependencyGraph, dependenciesOf } from './result-tree.ts';
import type { RevokeOptions } from './revoke-options.ts';
import { storedValue } from './stored-value.ts';

/** The result of a call, here or elsewhere, now or later. `T` is what the task returns. */
export class AsyncResult<T = unknown> implements AnyResult {
  readonly id: string;
  /** The step before this one: of a chain the previous task, of a chord's body the header. */
  parent: AnyResult | null;
  /** Nothing is stored for it (`ignoreResult`): `get()` gives null at once. */
  ignored = false;
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

  /** When it ended; null before. */
  async dateDone(): Promise<Date | null> {
    const text = (await this.meta())?.dateDone ?? null;
    return text === null ? null : new Date(parseIso(text) * 1000);
  }

  /** Name of the task. Null without `result_extended`, as all from here to `queue`. */
  async name(): Promise<string | null> {
    return (await this.meta())?.name ?? null;
  }

  async args(): Promise<readonly unknown[] | null> {
    return (await this.meta())?.args ?? null;
  }

  async kwargs(): Promise<Readonly<Record<string, unknown>> | null> {
    return (await this.meta())?.kwargs ?? null;
  }

  /** Node name of the worker that ran it. */
  async worker(): Promise<string | null> {
    return (await this.meta())?.worker ?? null;
  }

  async retries(): Promise<number | null> {
    return (await this.meta())?.retries ?? null;
  }

  async queue(): Promise<string | null> {
    return (await this.meta())?.queue ?? null;
  }

  /** Anything is stored of it. */
  async exists(): Promise<boolean> {
    return (await this.meta()) !== null;
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
    if (this.ignored) return null;
    if (options.disableSyncSubtasks !== false && currentContext()?.calledDirectly === false) {
      throw new UmbelError(
        'bad_request',
        'Never call result.get() within a task! Use a chain or a link instead, or disableSyncSubtasks: false.',
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
    options.callback?.(this.id, value);
    return value;
  }

  /**
   * Calls back with the value once it is there, or with the error. Celery's `then`: a method of that name would make
   * `await task.delay()` wait for the task itself.
   */
  onReady(callback: (value: T) => void, onError: (error: unknown) => void = () => {}): void {
    // Nobody is kept waiting, so that a running task may ask for it, too.
    this.get({ disableSyncSubtasks: false }).then(callback, onError);
  }

  /** Throws the error of a task that has failed or was revoked; does nothing otherwise. */
  async maybeThrow(): Promise<void> {
    const failure = await this.failure();
    if (failure !== null) throw failure;
  }

  /** This and all that it started, breadth first. Throws `IncompleteStream` at one that has not ended. */
  iterdeps({ intermediate = false } = {}): AsyncGenerator<Dependency> {
    return dependenciesOf(this, intermediate);
  }

  /** The same with the value of each, waited for: a task that returns a result is followed. */
  collect(
    options: GetOptions & { readonly intermediate?: boolean } = {},
  ): AsyncGenerator<readonly [result: AnyResult, value: unknown]> {
    return collectFrom(this, options);
  }

  /** The value of the last that came of it. */
  async getLeaf(options: GetOptions = {}): Promise<unknown> {
    let leaf: unknown = null;
    for await (const [, value] of this.collect(options)) leaf = value;
    return leaf;
  }

  /** Which task started which, from here on: `(await result.graph()).toDot()`. */
  graph({ intermediate = false } = {}): Promise<DependencyGraph> {
    return DependencyGraph.of(this, intermediate);
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

  /** Asks all workers not to start tasks with one of these stamps: `{ customer: 'acme' }`. */
  async revokeByStampedHeaders(
    headers: Readonly<Record<string, unknown>>,
    options: RevokeOptions = {},
  ): Promise<void> {
    await this.#app.revokeByStampedHeaders(headers, options);
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

  /** Its id, and those of its parents. */
  asList(): string[] {
    return idsUpwards(this);
  }

  /** Whether it is the result of the same task. */
  equals(other: AsyncResult | string): boolean {
    return this.id === (typeof other === 'string' ? other : other.id);
  }

  toJSON(): unknown {
    return this.asTuple();
  }

  toString(): string {
    return this.id;
  }
}

async function wait(backend: ResultBackend, id: string, options: GetOptions): Promise<ResultMeta> {
  const { timeout, signal, onMessage, onInterval, interval = 0.5 } = options;
  const waitOptions: WaitOptions = {
    ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
    ...(signal && { signal }),
    ...(onMessage && { onState: onMessage }),
  };
  const timer = onInterval && setInterval(onInterval, interval * 1000);
  try {
    return await backend.wait(id, waitOptions);
  } catch (error) {
    if (error instanceof UmbelError && error.code === 'timeout') throw new TimeoutError();
    throw error;
  } finally {
    clearInterval(timer);
  }
}

function idsUpwards(result: AnyResult): string[] {
  return [result.id, ...(result.parent ? idsUpwards(result.parent) : [])];
}
