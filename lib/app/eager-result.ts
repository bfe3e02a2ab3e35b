import { PROPAGATE_STATES } from '../contract/states.ts';
import type { ResultMeta } from '../protocol/result.ts';
import type { AnyResult, GetOptions } from './any-result.ts';
import { AsyncResult } from './async-result.ts';
import type { ResultPort } from './result-port.ts';

/** How a task ended that ran here. */
export interface EagerEnd {
  readonly meta: ResultMeta;
  /** What it threw, itself; null when it did not. */
  readonly error: unknown;
  /** Results of the tasks that it started, which have run as well. */
  readonly started: readonly AnyResult[];
}

/** A result that is there already: of `apply`, and of any call with `task_always_eager`. */
export class EagerResult<T = unknown> extends AsyncResult<T> {
  readonly #end: EagerEnd;
  #isRevoked = false;

  constructor(app: ResultPort, end: EagerEnd) {
    super(app, end.meta.taskId);
    this.#end = end;
  }

  override async meta(): Promise<ResultMeta> {
    const { meta } = this.#end;
    return this.#isRevoked ? { ...meta, status: 'REVOKED' } : meta;
  }

  override async result(): Promise<unknown> {
    return this.#end.error ?? this.#end.meta.result;
  }

  /** The value. Throws the task's error itself; null for what ended otherwise (ignored, rejected). */
  override get(options: GetOptions & { readonly propagate: false }): Promise<T | Error>;
  override get(options?: GetOptions): Promise<T>;
  override async get({ propagate = true, callback }: GetOptions = {}): Promise<unknown> {
    const { meta, error } = this.#end;
    if (PROPAGATE_STATES.has(meta.status)) {
      if (propagate) throw error;
      return error;
    }
    const value = meta.status === 'SUCCESS' ? meta.result : null;
    callback?.(this.id, value);
    return value;
  }

  override async failure(): Promise<unknown> {
    return PROPAGATE_STATES.has(this.#end.meta.status) ? this.#end.error : null;
  }

  override async children(): Promise<readonly AnyResult[]> {
    return this.#end.started;
  }

  /** It has run already: only this result says REVOKED. */
  override async revoke(): Promise<void> {
    this.#isRevoked = true;
  }

  override async forget(): Promise<void> {
    // What `task_store_eager_result` stored ends by itself.
  }
}
