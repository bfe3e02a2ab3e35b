import type { Celery } from '../app/celery.ts';
import type { TaskSettings } from '../app/task-settings.ts';
import { parseRate } from './rate-limit.ts';

/** What the worker needs to know of a task, with the app's settings filled in. */
export interface TaskProfile extends Omit<TaskSettings, 'timeLimit' | 'softTimeLimit' | 'rateLimit'> {
  readonly name: string;
  readonly sendEvents: boolean;
  /** Seconds; null for none. */
  timeLimit: number | null;
  /** Seconds; null for none. */
  softTimeLimit: number | null;
  /** Tasks per second; 0 for no limit. */
  ratePerSecond: number;
  /** As it was written, for `inspect registered`. */
  rateLimit: string | number | null;
}

/** `--time-limit` and `--soft-time-limit`, in seconds. */
export interface WorkerLimits {
  readonly timeLimit?: number | null;
  readonly softTimeLimit?: number | null;
}

/** Profiles by task name, made once; remote control may change limits and rates in them. */
export class TaskProfiles {
  readonly #app: Celery;
  readonly #limits: WorkerLimits;
  readonly #profiles = new Map<string, TaskProfile>();

  constructor(app: Celery, limits: WorkerLimits = {}) {
    this.#app = app;
    this.#limits = limits;
  }

  /** undefined when no such task is registered. */
  get(name: string): TaskProfile | undefined {
    const known = this.#profiles.get(name);
    if (known !== undefined) return known;
    const task = this.#app.tasks.get(name);
    if (task === undefined) return undefined;
    const settings = this.#app.settingsOf(task);
    const rateLimit = this.#app.conf.worker_disable_rate_limits ? null : settings.rateLimit;
    const profile: TaskProfile = {
      ...settings,
      name,
      // The command line stands for the setting: a task's own limit still wins.
      timeLimit: task.timeLimit ?? this.#limits.timeLimit ?? settings.timeLimit,
      softTimeLimit: task.softTimeLimit ?? this.#limits.softTimeLimit ?? settings.softTimeLimit,
      sendEvents: task.sendEvents,
      rateLimit,
      ratePerSecond: parseRate(rateLimit),
    };
    this.#profiles.set(name, profile);
    return profile;
  }
}
