import type { ApplyOptions } from './apply-options.ts';

/** Options of `apply`, which runs a task in the caller's process. Those about queues, times and limits do nothing there. */
export interface EagerOptions extends ApplyOptions {
  /** Throw the task's error at once. Default: `task_eager_propagates`. */
  readonly throw?: boolean;
}
