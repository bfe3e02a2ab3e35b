import type { TaskContext } from './context.ts';
import type { Signals } from './signals.ts';
import type { Task } from './task.ts';

/** Tells that the body of a task is about to run. */
export function tellPrerun(signals: Signals, task: Task, context: TaskContext): Promise<void> | undefined {
  if (!signals.has('task_prerun')) return undefined;
  return signals.send('task_prerun', { ...facts(context), task });
}

/** Tells that a run is over; `retval` is the value or the error. */
export function tellPostrun(
  signals: Signals,
  task: Task,
  context: TaskContext,
  state: string,
  retval: unknown,
): Promise<void> | undefined {
  if (!signals.has('task_postrun')) return undefined;
  return signals.send('task_postrun', { ...facts(context), task, state, retval });
}

export function tellSuccess(
  signals: Signals,
  task: Task,
  context: TaskContext,
  result: unknown,
): Promise<void> | undefined {
  if (!signals.has('task_success')) return undefined;
  return signals.send('task_success', { ...facts(context), task, result });
}

export function tellRetry(
  signals: Signals,
  task: Task,
  context: TaskContext,
  reason: unknown,
  traceback: string | null,
): Promise<void> | undefined {
  if (!signals.has('task_retry')) return undefined;
  return signals.send('task_retry', { ...facts(context), task, request: context, reason, traceback });
}

export function tellFailed(
  signals: Signals,
  context: TaskContext,
  exception: unknown,
  traceback: string | null,
): Promise<void> | undefined {
  if (!signals.has('task_failure')) return undefined;
  return signals.send('task_failure', { ...facts(context), exception, traceback });
}

export function tellInternalError(
  signals: Signals,
  context: TaskContext,
  exception: unknown,
  traceback: string | null,
): Promise<void> | undefined {
  if (!signals.has('task_internal_error')) return undefined;
  return signals.send('task_internal_error', { ...facts(context), request: context, exception, traceback });
}

function facts({ task, id, args, kwargs }: TaskContext): {
  sender: string;
  taskId: string;
  args: readonly unknown[];
  kwargs: Readonly<Record<string, unknown>>;
} {
  return { sender: task, taskId: id, args, kwargs };
}
