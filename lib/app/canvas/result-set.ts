import { UmbelError } from '../../contract/errors.ts';
import type { AnyResult, GetOptions, LeafResult } from '../any-result.ts';
import { waitWithParents } from '../follow-parents.ts';
import type { ResultPort } from '../result-port.ts';
import type { RevokeOptions } from '../revoke-options.ts';

/** Results to wait for together, in their order: `new ResultSet(app, [a, b])`. `T` is the list of their values. */
export class ResultSet<T = unknown[]> {
  readonly #app: ResultPort;
  readonly #results: AnyResult[];

  constructor(app: ResultPort, results: Iterable<AnyResult> = []) {
    this.#app = app;
    this.#results = [...results];
  }

  get results(): readonly AnyResult[] {
    return this.#results;
  }

  get length(): number {
    return this.#results.length;
  }

  [Symbol.iterator](): IterableIterator<AnyResult> {
    return this.#results[Symbol.iterator]();
  }

  at(index: number): AnyResult | undefined {
    return this.#results.at(index);
  }

  /** Adds one, unless it is there already. */
  add(result: AnyResult): void {
    if (!this.#results.some(({ id }) => id === result.id)) this.#results.push(result);
  }

  /** Adds those that are not there. */
  update(results: Iterable<AnyResult>): void {
    for (const result of results) this.add(result);
  }

  /** Takes one out. Throws `UmbelError('not_found')` when it is not there; `discard` does not. */
  remove(result: AnyResult | string): void {
    const id = typeof result === 'string' ? result : result.id;
    const index = this.#results.findIndex((item) => item.id === id);
    if (index === -1) throw new UmbelError('not_found', `The result ${id} is not in the set.`);
    this.#results.splice(index, 1);
  }

  discard(result: AnyResult | string): void {
    const id = typeof result === 'string' ? result : result.id;
    if (this.#results.some((item) => item.id === id)) this.remove(id);
  }

  clear(): void {
    this.#results.length = 0;
  }

  /**
   * Waits for all values, in the order of the set. Throws the first error that comes, `TimeoutError` after `timeout`
   * seconds; with `propagate: false` errors stand in the list. With a `callback` the list is empty.
   */
  get(options?: GetOptions): Promise<T>;
  async get(options: GetOptions = {}): Promise<unknown> {
    const values = await this.waitForAll(options);
    return options.callback ? [] : values;
  }

  /** As `get`, but a `callback` is called in the order of the set, once all are there. */
  join(options?: GetOptions): Promise<T>;
  async join({ callback, ...options }: GetOptions = {}): Promise<unknown> {
    const values = await this.waitForAll(options);
    if (!callback) return values;
    for (const [index, { id }] of this.#results.entries()) callback(id, values[index]);
    return [];
  }

  /** As `get`, by Celery's name for backends that tell of results themselves. */
  joinNative(options?: GetOptions): Promise<T> {
    return this.get(options);
  }

  /** Ids and values in the order in which they come. Errors as with `get`. Whoever stops early waits for none of the rest. */
  async *iterate(options: GetOptions = {}): AsyncGenerator<readonly [taskId: string, value: unknown]> {
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    const arrivals = inOrderOfArrival(
      this.#results.map(async (result) => [result.id, await result.get({ ...options, signal })] as const),
    );
    try {
      for (const arrival of arrivals) yield await arrival;
    } finally {
      stop.abort();
    }
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

  /** Throws the first error of those that have failed. */
  async maybeThrow(): Promise<void> {
    for (const leaf of this.leaves()) {
      const failure = await leaf.failure();
      if (failure !== null) throw failure;
    }
  }

  /** Asks all workers not to start them, or with `terminate` to stop them. */
  async revoke(options: RevokeOptions = {}): Promise<void> {
    const ids = this.leaves().map(({ id }) => id);
    if (ids.length > 0) await this.#app.revoke(ids, options);
  }

  /** Deletes the stored results of all. */
  async forget(): Promise<void> {
    await this.#ask((result) => result.forget());
  }

  leaves(): readonly LeafResult[] {
    return this.#results.flatMap((result) => result.leaves());
  }

  /** Waits for all; an error of one of `parents` ends it, too. */
  protected waitForAll(options: GetOptions, parents: readonly LeafResult[] = []): Promise<unknown[]> {
    return waitWithParents(parents, options.signal, (signal) =>
      Promise.all(this.#results.map((result) => result.get({ ...options, signal }))),
    );
  }

  #ask<A>(question: (result: AnyResult) => Promise<A>): Promise<A[]> {
    return Promise.all(this.#results.map(question));
  }
}

/** As many promises, of which the first settles as the first of the given ones does, and so on. */
function inOrderOfArrival<T>(promises: readonly Promise<T>[]): Promise<T>[] {
  const settlers: { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void }[] = [];
  const arrivals = promises.map(
    () => new Promise<T>((resolve, reject) => void settlers.push({ resolve, reject })),
  );
  let arrived = 0;
  for (const promise of promises) {
    promise.then(
      (value) => settlers[arrived++]?.resolve(value),
      (error: unknown) => settlers[arrived++]?.reject(error),
    );
  }
  // One that fails while another is being handled is not unheard: its turn comes.
  for (const arrival of arrivals) arrival.catch(() => {});
  return arrivals;
}
