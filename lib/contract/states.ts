/**
 * Task states: the one definition that library, server and pages share.
 * Names and their meaning are Celery's (celery/states.py).
 */
export const TASK_STATES = [
  'PENDING',
  'RECEIVED',
  'STARTED',
  'RETRY',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
  'REJECTED',
] as const;

/** One of Celery's own states. */
export type TaskState = (typeof TASK_STATES)[number];

/** A Celery state or one a task chose itself with `updateState`, such as `PROGRESS`. */
export type AnyTaskState = TaskState | (string & {});

/** No further change is expected: the result is final. */
export const READY_STATES: ReadonlySet<string> = new Set(['SUCCESS', 'FAILURE', 'REVOKED']);

/** The stored `result` is an encoded exception. */
export const EXCEPTION_STATES: ReadonlySet<string> = new Set(['RETRY', 'FAILURE', 'REVOKED']);

/** `result.get()` throws the stored exception. */
export const PROPAGATE_STATES: ReadonlySet<string> = new Set(['FAILURE', 'REVOKED']);

export function isTaskState(state: string): state is TaskState {
  return (TASK_STATES as readonly string[]).includes(state);
}
