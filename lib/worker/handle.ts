import type { TaskRequest } from '../protocol/task-message.ts';
import type { Delivery } from '../transport/transport.ts';
import type { Job } from './pool/pool.ts';
import type { TaskProfile } from './task-profile.ts';
import type { Timed } from './timer/heap-timer.ts';

/** A task in this worker, as the parts that count, inspect and settle it see it. `Request` is the one that lives. */
export interface TaskHandle extends Job, Timed {
  readonly request: TaskRequest;
  readonly profile: TaskProfile;
  readonly delivery: Delivery;
  /** Name to show: the sender's shadow, else the task's. */
  readonly name: string;
  /** `NAME[ID]`, as Celery's log lines have it. */
  readonly label: string;
  /** Its message is acked, rejected, parked or given back. */
  readonly isSettled: boolean;
  readonly ignoresResult: boolean;
  /** Whether a state of it that is no success is kept. */
  readonly storesErrors: boolean;
  /** Its body has returned. */
  hasSucceeded: boolean;
  /** Seconds since the epoch; null before it starts. */
  readonly startedAt: number | null;
  readonly pid: number | null;
  /** Settles it without a run when it is revoked or too late; false when it may run. */
  discardIfRevoked(): boolean;
  /** Whether its message is still this worker's, see `Consumer.owns`. */
  isOwned(): boolean | Promise<boolean>;
  /** Gives it up without a word to the broker: its message went to another worker. */
  drop(): void;
  ack(): void;
  reject(requeue: boolean): void;
  park(reason: string): void;
  /** Back to the front of its queue, for another worker. */
  release(): void;
  /** Stores a state of this task. `resultText` is JSON. */
  store(
    state: string,
    resultText: string | null,
    traceback?: string | null,
    children?: readonly unknown[],
  ): Promise<void>;
  /** The same with a callback, for the many. */
  storeThen(
    state: string,
    resultText: string | null,
    traceback: string | null,
    children: readonly unknown[],
    onDone: () => void,
  ): void;
  /** It was killed on request: stores REVOKED, acks and tells. */
  terminated(signum: number): Promise<void>;
}
