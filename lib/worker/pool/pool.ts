import type { TraceOutcome } from '../../app/trace-outcome.ts';
import type { TaskRequest } from '../../protocol/task-message.ts';
import type { Logger } from '../../util/logger.ts';
import type { Service } from '../../util/service.ts';

export const POOL_KINDS = ['prefork', 'threads', 'async', 'solo'] as const;
export type PoolKind = (typeof POOL_KINDS)[number];

/** Why a task ended without an outcome of its own. */
export type JobLoss =
  | { readonly kind: 'timeout'; readonly seconds: number }
  | { readonly kind: 'terminated'; readonly signal: string }
  /** Ended because its message cannot be acked any more; it will run again. */
  | { readonly kind: 'cancelled' }
  /** The worker stopped without waiting for it. */
  | { readonly kind: 'shutdown' }
  | { readonly kind: 'lost'; readonly reason: string };

/**
 * Lets the handlers of a task run, in the slot that ran its body and is busy until they are done. To be called once, when
 * the outcome is stored. `onDone` is called once too, also when the process dies or is ended: `complaint` says what went
 * wrong.
 */
export type Handle = (onDone: (complaint: string | null) => void) => void;

/** One task as a pool sees it. The pool calls `onAccepted` once, then `onOutcome` or `onLost` once. */
export interface Job {
  readonly request: TaskRequest;
  /** Hard limit in seconds; null for none. */
  readonly timeLimit: number | null;
  /** Soft limit in seconds; null for none. */
  readonly softTimeLimit: number | null;
  /** A slot has it: from here on it counts as started. `pid` is the process that runs it. */
  onAccepted(pid: number): void;
  onSoftLimit(seconds: number): void;
  /** `handle` is null for the many whose end no handler and no listener wants to know. */
  onOutcome(outcome: TraceOutcome, handle: Handle | null): void;
  onLost(loss: JobLoss): void;
  /** The task stored a state of its own, such as PROGRESS. `metaText` is JSON. Resolves when it is stored. */
  storeState(taskId: string, state: string, metaText: string): Promise<void>;
  /** The task sent an event of its own. */
  sendEvent(type: string, fields: Readonly<Record<string, unknown>>): void;
}

/** What a pool tells the worker. */
export interface PoolHost {
  readonly logger: Logger;
  /** A slot became free, or one was added. */
  onRoom(): void;
  /** The pool cannot go on: no process of it starts. */
  onFatal(error: Error): void;
}

/** Runs tasks, `size` at a time. It keeps no queue: who has more tasks than room waits for `onRoom`. */
export interface Pool extends Service {
  readonly kind: PoolKind;
  /** How many tasks may run at once. */
  readonly size: number;
  /** How many run now. */
  readonly active: number;
  readonly hasRoom: boolean;
  /** Starts a job. Only when `hasRoom`. */
  run(job: Job): void;
  /** Ends the run of a task with a signal (`SIGTERM`, `SIGKILL`); false when it does not run here. */
  terminate(taskId: string, signal: NodeJS.Signals): boolean;
  /** Tells a running task that its soft limit has passed; false when it does not run here. */
  interrupt(taskId: string): boolean;
  /** Ends the run of a task that will run again; false when it does not run here. */
  cancel(taskId: string): boolean;
  /** Ends all runs at once, for a cold shutdown. Each job gets `onLost`, before this resolves. */
  abandonAll(): Promise<void>;
  /** Throws `UmbelError('unsupported')` where the size is fixed. */
  grow(count: number): void;
  /** Idle slots go at once, busy ones when their task has ended. Throws when none would be left. */
  shrink(count: number): void;
  /**
   * New processes or threads with the code that is on disk now, in place of the present ones; tasks that run there end
   * first. Throws `UmbelError('unsupported')` where tasks run in the worker's own event loop.
   */
  restart(): void;
  /** Processes that run tasks. */
  pids(): number[];
  /** `stats.pool` in Celery's shape. */
  info(): Record<string, unknown>;
}
