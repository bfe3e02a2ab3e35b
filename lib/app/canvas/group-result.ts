import { encodeJson } from '../../protocol/json.ts';
import type { AnyResult, GetOptions, LeafResult } from '../any-result.ts';
import { groupBackend } from '../chord-backend.ts';
import { parentsOf } from '../follow-parents.ts';
import type { ResultPort } from '../result-port.ts';
import { ResultSet } from './result-set.ts';

/** The results of a group, in the order of its tasks. `T` is the list of what they return. */
export class GroupResult<T = unknown[]> extends ResultSet<T> implements AnyResult {
  readonly id: string;
  /** The step before the group. */
  parent: AnyResult | null;
  readonly #app: ResultPort;

  constructor(app: ResultPort, id: string, results: readonly AnyResult[], parent: AnyResult | null = null) {
    super(app, results);
    this.#app = app;
    this.id = id;
    this.parent = parent;
  }

  /** The members: of each task, or group in the group, its result. */
  async children(): Promise<readonly AnyResult[]> {
    return this.results;
  }

  /** Deletes the stored results of all, and those of its parents. */
  override async forget(): Promise<void> {
    await super.forget();
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

  /** `[[id, parent], [members]]`, the form in which results travel inside results. */
  asTuple(): [[string, unknown], unknown] {
    return [[this.id, this.parent?.asTuple() ?? null], this.results.map((result) => result.asTuple())];
  }

  /** Whether it is the result of the same group: same id, same members, in the same order. */
  equals(other: GroupResult): boolean {
    const { results } = this;
    return (
      this.id === other.id &&
      results.length === other.results.length &&
      results.every(({ id }, index) => id === other.results[index]?.id)
    );
  }

  toJSON(): unknown {
    return this.asTuple();
  }

  override toString(): string {
    return this.id;
  }

  /** The error of a step before the group ends the waiting: in Python its members then never get a result. */
  protected override waitForAll(
    options: GetOptions,
    parents: readonly LeafResult[] = [],
  ): Promise<unknown[]> {
    const { propagate = true, followParents = true } = options;
    const before = propagate && followParents ? parentsOf(this) : [];
    return super.waitForAll(options, [...before, ...parents]);
  }
}
