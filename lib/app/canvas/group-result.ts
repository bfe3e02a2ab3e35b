import { encodeJson } from '../../protocol/json.ts';
import type { AnyResult, GetOptions, LeafResult } from '../any-result.ts';
import { groupBackend } from '../chord-backend.ts';
import { parentsOf, waitWithParents } from '../follow-parents.ts';
import type { ResultPort, RevokeOptions } from '../result-port.ts';

/** The results of a group, in the order of its tasks. `T` is the list of what they return. */
export class GroupResult<T = unknown[]> implements AnyResult {
  readonly id: string;
  /** The step before the group. */
  readonly parent: AnyResult | null;
  /** Of each task, or group in the group, its result. */
  readonly results: readonly AnyResult[];
  readonly #app: ResultPort;

  constructor(app: ResultPort, id: string, results: readonly AnyResult[], parent: AnyResult | null = null) {
    this.#app = app;
    this.id = id;
    this.results = results;
    this.parent = parent;
  }

  get length(): number {
    return this.results.length;
  }

  [Symbol.iterator](): IterableIterator<AnyResult> {
    return this.results[Symbol.iterator]();
  }

  /**
   * Waits for all values, in the order of the group. Throws the first error that comes, also of a step before the group, `TimeoutError` after `timeout`
   * seconds; with `propagate: false` errors stand in the list.
   */
  get(options?: GetOptions): Promise<T>;
  async get(options: GetOptions = {}): Promise<unknown> {
    const { propagate = true, followParents = true } = options;
    const parents = propagate && followParents ? parentsOf(this) : [];
    // When a task before the group fails in Python, its members never get a result.
    return waitWithParents(parents, options.signal, (signal) =>
      Promise.all(this.results.map((result) => result.get({ ...options, signal }))),
    );
  }

  /** As `get`: by custom the name for groups. */
  join(options?: GetOptions): Promise<T> {
    return this.get(options);
  }

  /** All have ended. */
  async ready(): Promise<boolean> {
    return (await this.#ask((result) => result.ready())).every(Boolean);
  }

  /** All have succeeded. */
  async successful(): Promise<boolean> {
    return (await this.#ask((result) => result.successful())).every(Boolean);
  }

  /** Any has failed. */
  async failed(): Promise<boolean> {
    return (await this.#ask((result) => result.failed())).some(Boolean);
  }

  /** Any has not ended yet. */
  async waiting(): Promise<boolean> {
    return !(await this.ready());
  }

  /** How many have succeeded. */
  async completedCount(): Promise<number> {
    return (await this.#ask((result) => result.successful())).filter(Boolean).length;
  }

  /** Asks all workers not to start them, or with `terminate` to stop them. */
  async revoke(options: RevokeOptions = {}): Promise<void> {
    const ids = this.leaves().map(({ id }) => id);
    if (ids.length > 0) await this.#app.revoke(ids, options);
  }

  /** Deletes the stored results of all, and those of its parents. */
  async forget(): Promise<void> {
    await this.#ask((result) => result.forget());
    await this.parent?.forget();
  }

  /** Stores which tasks the group is made of, so that `app.restoreGroup(id)` finds it again. */
  async save(): Promise<void> {
    const backend = groupBackend(await this.#app.backend());
    await backend.saveGroup(this.id, encodeJson({ result: this.asTuple() }));
  }

  /** Deletes what `save` stored; results stay. */
  async delete(): Promise<void> {
    await groupBackend(await this.#app.backend()).deleteGroup(this.id);
  }

  leaves(): readonly LeafResult[] {
    return this.results.flatMap((result) => result.leaves());
  }

  /** `[[id, parent], [members]]`, the form in which results travel inside results. */
  asTuple(): [[string, unknown], unknown] {
    return [[this.id, this.parent?.asTuple() ?? null], this.results.map((result) => result.asTuple())];
  }

  toJSON(): unknown {
    return this.asTuple();
  }

  toString(): string {
    return this.id;
  }

  #ask<A>(question: (result: AnyResult) => Promise<A>): Promise<A[]> {
    return Promise.all(this.results.map(question));
  }
}
