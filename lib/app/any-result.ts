import type { ResultMeta } from '../protocol/result.ts';

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
  /** Throw the error of a step before this one as soon as it is known. Default true. */
  readonly followParents?: boolean;
}

/** The result of one task, as who waits for many sees it. */
export interface LeafResult {
  readonly id: string;
  /** The task's error once it has failed or was revoked; null otherwise. */
  failure(): Promise<unknown>;
}

/** The result of a task or of a group. */
export interface AnyResult {
  readonly id: string;
  /** The step before this one. */
  readonly parent: AnyResult | null;
  get(options?: GetOptions): Promise<unknown>;
  ready(): Promise<boolean>;
  successful(): Promise<boolean>;
  failed(): Promise<boolean>;
  forget(): Promise<void>;
  revoke(options?: { readonly terminate?: boolean; readonly signal?: string }): Promise<void>;
  /** Results of the tasks that it is made of. */
  leaves(): readonly LeafResult[];
  asTuple(): [[string, unknown], unknown];
}
