import { isPromise, type MaybePromise } from '../util/maybe-promise.ts';
import type { TaskContext } from './context.ts';
import { runInContext } from './context.ts';
import { autoretry, isAutoretried } from './retry-policy.ts';
import { argumentsFor } from './signature-check.ts';
import type { Task } from './task.ts';

/** How the body of one attempt ended. */
export type Ending =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown };

/** Runs the body of a task once in its context; at once unless it waits for something. Never throws. */
export function runAttempt(task: Task, context: TaskContext): MaybePromise<Ending> {
  try {
    const value = runInContext(context, () => runBody(task, context));
    return isPromise(value) ? value.then(returned, (error) => threw(context, error)) : returned(value);
  } catch (error) {
    return threw(context, error);
  }
}

function returned(value: unknown): Ending {
  return { kind: 'returned', value };
}

function threw(context: TaskContext, error: unknown): Ending {
  return { kind: 'threw', error: abortReason(context, error) };
}

function runBody(task: Task, context: TaskContext): unknown {
  const before = task.beforeStart(context.id, context.args, context.kwargs);
  return isPromise(before) ? before.then(() => callBody(task, context)) : callBody(task, context);
}

function callBody(task: Task, context: TaskContext): unknown {
  const retryOrThrow = (error: unknown): never => {
    if (isAutoretried(task, error)) return autoretry(task, error);
    throw error;
  };
  try {
    const value = task.run(...argumentsFor(task, context.args, context.kwargs));
    return isPromise(value) && task.autoretryFor.length > 0 ? value.then(undefined, retryOrThrow) : value;
  } catch (error) {
    return retryOrThrow(error);
  }
}

/** A body that gave `request.signal` to a library fails with AbortError: what counts is why it was aborted. */
function abortReason({ signal }: TaskContext, error: unknown): unknown {
  const isAbort = error instanceof Error && error.name === 'AbortError';
  return isAbort && signal.aborted && signal.reason instanceof Error ? signal.reason : error;
}
