import type { TraceOutcome } from '../../app/trace-outcome.ts';
import type { TaskRequest } from '../../protocol/task-message.ts';

/*
 * What a worker and its pool children say to each other: as JSON over the channel of `child_process.fork`, or as clones
 * over the port of a thread. A child has one task at a time, so messages need no number except a stored state, which the task waits for. A task's own code
 * may use the same channel: messages that are not ours are ignored.
 */

/** How a child finds the app and what the command line changed in it. */
export interface ChildSettings {
  /** As `-A` was given. */
  readonly app: string;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly hostname: string;
  /** `ForkPoolWorker-1`: name in log lines. */
  readonly processName: string;
  readonly logLevel: string;
  /** Report memory with each outcome. */
  readonly reportsMemory: boolean;
  /** Open file of the worker that takes what a child writes. Default: the worker's own output. */
  readonly outputFd?: number | null;
}

export type ToChild =
  | { readonly umbel: 'init'; readonly settings: ChildSettings }
  | { readonly umbel: 'run'; readonly request: TaskRequest }
  /** The same for a request that JSON.stringify cannot write (bigint, bytes): JSON with kombu's typed values. */
  | { readonly umbel: 'run-text'; readonly text: string }
  | { readonly umbel: 'soft-limit' }
  /** The outcome is stored: run the handlers. */
  | { readonly umbel: 'handle' }
  | { readonly umbel: 'stored'; readonly number: number; readonly error: string | null }
  | { readonly umbel: 'exit' };

export type FromChild =
  | { readonly umbel: 'ready' }
  | { readonly umbel: 'unusable'; readonly message: string }
  | {
      readonly umbel: 'outcome';
      readonly outcome: TraceOutcome;
      readonly memoryBytes: number | null;
      /** The task has handlers that wait for `handle`; it is over with `handled`. */
      readonly hasHandlers?: boolean;
    }
  | { readonly umbel: 'handled'; readonly complaint: string | null; readonly memoryBytes: number | null }
  | {
      readonly umbel: 'state';
      readonly number: number;
      readonly taskId: string;
      readonly state: string;
      readonly metaText: string;
    }
  | {
      readonly umbel: 'event';
      readonly type: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

const TO_CHILD: ReadonlySet<unknown> = new Set([
  'init',
  'run',
  'run-text',
  'soft-limit',
  'handle',
  'stored',
  'exit',
]);
const FROM_CHILD: ReadonlySet<unknown> = new Set([
  'ready',
  'unusable',
  'outcome',
  'handled',
  'state',
  'event',
]);

/** Both ends are this package's own code: the mark is enough to know the shape. */
export function isToChild(message: unknown): message is ToChild {
  return TO_CHILD.has(markOf(message));
}

export function isFromChild(message: unknown): message is FromChild {
  return FROM_CHILD.has(markOf(message));
}

function markOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'umbel' in message ? message.umbel : undefined;
}

/** Whether JSON that the worker wrote is a request. */
export function isTaskRequest(value: unknown): value is TaskRequest {
  return typeof value === 'object' && value !== null && 'bodyText' in value && 'task' in value;
}
