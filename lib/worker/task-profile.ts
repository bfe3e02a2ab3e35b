import type { Celery } from '../app/celery.ts';
import type { ErrorClass } from '../app/task-options.ts';
import { parseRate } from './rate-limit.ts';

/** What the worker needs to know of a task, with the app's settings filled in. */
export interface TaskProfile {
  readonly name: string;
  readonly acksLate: boolean;
  readonly acksOnFailure: boolean;
  readonly rejectOnWorkerLost: boolean;
  readonly ignoreResult: boolean;
  readonly storeErrorsEvenIfIgnored: boolean;
  readonly trackStarted: boolean;
  readonly sendEvents: boolean;
  readonly throws: readonly ErrorClass[];
  /** Seconds; null for none. */
  timeLimit: number | null;
  /** Seconds; null for none. */
  softTimeLimit: number | null;
  /** Tasks per second; 0 for no limit. */
  ratePerSecond: number;
  /** As it was written, for `inspect registered`. */
  rateLimit: string | number | null;
}

/** Profiles by task name, made once; remote control may change limits and rates in them. */
export class TaskProfiles {
  readonly #app: Celery;
  readonly #profiles = new Map<string, TaskProfile>();

  constructor(app: Celery) {
    this.#app = app;
  }

  /** undefined when no such task is registered. */
  get(name: string): TaskProfile | undefined {
    const known = this.#profiles.get(name);
    if (known !== undefined) return known;
    const task = this.#app.tasks.get(name);
    if (task === undefined) return undefined;
    const { conf } = this.#app;
    const rateLimit = conf.worker_disable_rate_limits
      ? null
      : (task.rateLimit ?? conf.task_default_rate_limit);
    const profile: TaskProfile = {
      name,
      acksLate: task.acksLate ?? conf.task_acks_late,
      acksOnFailure: task.acksOnFailureOrTimeout ?? conf.task_acks_on_failure_or_timeout,
      rejectOnWorkerLost: task.rejectOnWorkerLost ?? conf.task_reject_on_worker_lost ?? false,
      ignoreResult: task.ignoreResult ?? conf.task_ignore_result,
      storeErrorsEvenIfIgnored: task.storeErrorsEvenIfIgnored ?? conf.task_store_errors_even_if_ignored,
      trackStarted: task.trackStarted ?? conf.task_track_started,
      sendEvents: task.sendEvents,
      throws: task.throws,
      timeLimit: task.timeLimit ?? conf.task_time_limit,
      softTimeLimit: task.softTimeLimit ?? conf.task_soft_time_limit,
      rateLimit,
      ratePerSecond: parseRate(rateLimit),
    };
    this.#profiles.set(name, profile);
    return profile;
  }
}
