import type { ResultMeta } from '../protocol/result.ts';
import type { RevokeOptions } from './revoke-options.ts';

export interface GetOptions {
  /** Seconds; for ever when left out. */
  readonly timeout?: number;
  /** Throw the task's error. Default true; false returns it. */
  readonly propagate?: boolean;
  readonly signal?: AbortSignal;
  /** Seconds between two calls of `onInterval`. Default 0.5. */
  readonly interval?: number;
  /** Called again and again while it waits. */
  readonly onInterval?: () => void;
  /** Called for each state that is stored on the way, PROGRESS included. */
  readonly onMessage?: (meta: ResultMeta) => void;
  /** Called with the id and the value, once it is there. A group calls it for each task, and returns an empty list. */
  readonly callback?: (taskId: string, value: unknown) => void;
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
  parent: AnyResult | null;
  get(options?: GetOptions): Promise<unknown>;
  ready(): Promise<boolean>;
  successful(): Promise<boolean>;
  failed(): Promise<boolean>;
  forget(): Promise<void>;
  revoke(options?: RevokeOptions): Promise<void>;
  /** Of a task: the results of those that it started; of a group: its members. Null before a task has ended. */
  children(): Promise<readonly AnyResult[] | null>;
  /** Results of the tasks that it is made of. */
  leaves(): readonly LeafResult[];
  asTuple(): [[string, unknown], unknown];
}
