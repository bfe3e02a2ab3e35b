import type { AnyTaskState } from './states.ts';

/*
 * What the server tells pages about the cluster. Times are seconds since the epoch (Celery's), durations seconds
 * unless the name says otherwise. `null` means: not known, or not yet.
 */

/** How far a running task says it is (`updateState` meta, or a task-progress event). */
export interface Progress {
  readonly current: number;
  readonly total: number;
  /** What it is doing, when the meta has a text (`step`, `status` or `message`). */
  readonly text: string | null;
}

/** One task in a list. */
export interface TaskRow {
  readonly uuid: string;
  readonly name: string | null;
  readonly state: AnyTaskState;
  /** Python-style text of the arguments, cut by the sender at 1024 characters. */
  readonly args: string | null;
  readonly kwargs: string | null;
  readonly queue: string | null;
  readonly worker: string | null;
  readonly sent: number | null;
  readonly received: number | null;
  readonly started: number | null;
  /** When it reached its present READY state. */
  readonly finished: number | null;
  /** Time of the newest event: the order of the list. */
  readonly timestamp: number;
  readonly eta: string | null;
  readonly expires: string | null;
  readonly runtime: number | null;
  readonly retries: number;
  readonly result: string | null;
  /** Text of the exception, such as `ValueError('boom')`. */
  readonly exception: string | null;
  readonly progress: Progress | null;
  /** Its worker went away while it ran. */
  readonly isLost: boolean;
}

/** One thing that happened to a task. */
export interface TaskMoment {
  /** Event type without `task-`: sent, received, started, progress, retried, succeeded, failed, revoked, rejected … */
  readonly type: string;
  readonly at: number;
  /** 0-based number of the attempt it belongs to. */
  readonly attempt: number;
  readonly worker: string | null;
  readonly pid: number | null;
  /** One line of detail: the exception, the progress, where it was sent. */
  readonly note: string | null;
}

/** How well the arguments are known: `exact` from the stored message or result, `text` read back from a complete
 * text, `masked` when a secret in that text was hidden, `shortened` when the sender cut the text. */
export type ArgumentsSource = 'exact' | 'text' | 'masked' | 'shortened' | 'unknown';

/** The arguments as JSON a person can edit and send again; secrets in them are masked. */
export interface TaskArguments {
  readonly source: ArgumentsSource;
  readonly args: readonly unknown[] | null;
  readonly kwargs: Readonly<Record<string, unknown>> | null;
}

export interface TaskDetail extends TaskRow {
  readonly traceback: string | null;
  readonly client: string | null;
  readonly exchange: string | null;
  readonly routingKey: string | null;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly children: readonly string[];
  readonly pid: number | null;
  readonly moments: readonly TaskMoment[];
  readonly call: TaskArguments;
  /** Runtimes of the last successful runs of the same name, newest first, at most 500: for "is this normal?". */
  readonly peers: RuntimeSummary | null;
}

export interface RuntimeSummary {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  /** Counts of runs in equal buckets from 0 to `max`. */
  readonly histogram: readonly number[];
  readonly max: number;
}

/** online: heartbeat on time; late: one is overdue; offline: gone or said goodbye. */
export type WorkerStatus = 'online' | 'late' | 'offline';

/** A figure over time, oldest first, one point each `stepSeconds`; null where nothing is known. */
export interface Series {
  readonly stepSeconds: number;
  /** Time of the last point. */
  readonly end: number;
  readonly points: readonly (number | null)[];
}

/** A task that occupies a slot of a worker now. */
export interface RunningTask {
  readonly uuid: string;
  readonly name: string;
  readonly args: string | null;
  readonly started: number | null;
  readonly pid: number | null;
  /** 95th percentile of this task's runtime in seconds. */
  readonly p95: number | null;
}

export interface WorkerRow {
  readonly name: string;
  readonly status: WorkerStatus;
  /** Since when the status holds (last heartbeat for an offline one). */
  readonly since: number;
  readonly software: string | null;
  readonly pid: number | null;
  readonly pool: string | null;
  readonly concurrency: number | null;
  readonly active: number;
  readonly processed: number;
  readonly failed: number;
  /** Finished tasks per second over the last minute. */
  readonly rate: number;
  readonly load: readonly number[] | null;
  /** Share of one core, 0 to 100 (more with several processes). */
  readonly cpuPercent: number | null;
  readonly memoryBytes: number | null;
  readonly loopMs: number | null;
  readonly diskPercent: number | null;
  readonly queues: readonly string[];
  readonly startedAt: number | null;
  readonly lastHeartbeat: number | null;
  readonly running: readonly RunningTask[];
  readonly cpu: Series;
  readonly memory: Series;
}

/** What a worker answered to a command, in its own words. */
export interface ControlAnswer {
  readonly at: number;
  readonly worker: string;
  readonly command: string;
  readonly ok: boolean;
  readonly text: string;
}

export interface WorkerDetail extends WorkerRow {
  readonly prefetch: number | null;
  readonly reserved: readonly RunningTask[];
  readonly scheduled: readonly {
    readonly uuid: string;
    readonly name: string;
    readonly eta: string | null;
  }[];
  readonly registered: readonly string[];
  readonly answers: readonly ControlAnswer[];
  /** `inspect stats`, masked, for the tabs Pool, Broker and System. */
  readonly stats: Readonly<Record<string, unknown>> | null;
  readonly conf: Readonly<Record<string, unknown>> | null;
  readonly loadSeries: Series;
  readonly loopSeries: Series;
  readonly activeSeries: Series;
  readonly rateSeries: Series;
}

export interface QueueRow {
  readonly name: string;
  readonly messages: number;
  /** Messages taken but not acknowledged; null where the broker does not tell. */
  readonly unacked: number | null;
  /** There are so many that only a part of them was counted. */
  readonly isUnackedEstimate: boolean;
  /** Names of the workers that consume it. */
  readonly consumers: readonly string[];
  /** How many more consume it as the broker counts: other programs than workers. 0 where it does not count. */
  readonly unnamedConsumers: number;
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
  /** Messages wait and nobody consumes since this time; null when all is well. */
  readonly abandonedSince: number | null;
  readonly length: Series;
  readonly consumerCount: Series;
}

/** One minute (or `stepSeconds`) of the throughput chart. */
export interface ThroughputBucket {
  readonly at: number;
  readonly success: number;
  readonly retry: number;
  readonly failure: number;
  readonly waitP50: number | null;
  readonly waitP95: number | null;
  readonly runP50: number | null;
  readonly runP95: number | null;
}

/** One line of the verdict at the top of the overview, worst first. */
export interface Problem {
  readonly kind: 'failing' | 'abandoned_queue' | 'silent_worker' | 'wrong_clock' | 'data_lost';
  readonly severity: 'failure' | 'warning';
  readonly title: string;
  readonly evidence: string;
  readonly since: number;
  /** Page that shows more, with its filter. */
  readonly href: string;
}

export interface Overview {
  readonly now: number;
  readonly stepSeconds: number;
  readonly finishedPerSecond: number;
  readonly failedPercent: number;
  readonly waiting: number;
  readonly waitP50: number | null;
  readonly waitP95: number | null;
  readonly runP50: number | null;
  readonly runP95: number | null;
  readonly slotsBusy: number;
  readonly slotsTotal: number;
  readonly waitingSeries: Series;
  readonly slotsSeries: Series;
  readonly buckets: readonly ThroughputBucket[];
  readonly states: Readonly<Record<string, number>>;
  readonly workers: readonly WorkerRow[];
  readonly queues: readonly QueueRow[];
  readonly failures: readonly TaskRow[];
  readonly problems: readonly Problem[];
}

/** Health of the dashboard itself, for the frame of every page. */
export interface Status {
  readonly version: string;
  /** Broker URL without its password. */
  readonly broker: string;
  readonly isConnected: boolean;
  /** Since when connected or not. */
  readonly since: number;
  readonly nextTryAt: number | null;
  /** Why it is not connected: a sentence, without passwords. */
  readonly trouble: string | null;
  /** Delay from an event's time to its arrival, milliseconds, over the last second that had task events. */
  readonly lagMs: number | null;
  /** When the last event arrived; null when none has been seen. */
  readonly lastEventAt: number | null;
  readonly eventsPerSecond: number;
  readonly tasksPerSecond: number;
  readonly failureCount: number;
  readonly workersOnline: number;
  readonly workersTotal: number;
  readonly queuesAbandoned: number;
  readonly problemCount: number;
  readonly isReadOnly: boolean;
}
