import type { Config } from './config.ts';
import type { Task } from './task.ts';

/** Options of a task in which the app's settings have filled what it left open. */
export interface TaskSettings {
  readonly acksLate: boolean;
  readonly acksOnFailure: boolean;
  readonly acksOnTimeout: boolean;
  readonly rejectOnWorkerLost: boolean;
  readonly ignoreResult: boolean;
  readonly storeErrorsEvenIfIgnored: boolean;
  readonly trackStarted: boolean;
  /** Seconds. */
  readonly timeLimit: number | null;
  /** Seconds. */
  readonly softTimeLimit: number | null;
  readonly rateLimit: string | number | null;
}

export function settingsOf(task: Task, conf: Config): TaskSettings {
  const onBoth = task.acksOnFailureOrTimeout ?? conf.task_acks_on_failure_or_timeout;
  return {
    acksLate: task.acksLate ?? conf.task_acks_late,
    acksOnFailure: task.acksOnFailure ?? conf.task_acks_on_failure ?? onBoth,
    acksOnTimeout: task.acksOnTimeout ?? conf.task_acks_on_timeout ?? onBoth,
    rejectOnWorkerLost: task.rejectOnWorkerLost ?? conf.task_reject_on_worker_lost ?? false,
    ignoreResult: task.ignoreResult ?? conf.task_ignore_result,
    storeErrorsEvenIfIgnored: task.storeErrorsEvenIfIgnored ?? conf.task_store_errors_even_if_ignored,
    trackStarted: task.trackStarted ?? conf.task_track_started,
    timeLimit: task.timeLimit ?? conf.task_time_limit,
    softTimeLimit: task.softTimeLimit ?? conf.task_soft_time_limit,
    rateLimit: task.rateLimit ?? conf.task_default_rate_limit,
  };
}
