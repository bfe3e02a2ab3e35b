/** Options of `apply`, which runs a task in the caller's process. */
export interface EagerOptions {
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly taskId?: string;
  /** Throw the task's error at once. Default: `task_eager_propagates`. */
  readonly throw?: boolean;
  readonly headers?: Readonly<Record<string, unknown>>;
}
