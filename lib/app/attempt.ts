import type { TaskContext } from './context.ts';
import { runInContext } from './context.ts';
import { autoretry, isAutoretried } from './retry-policy.ts';
import { argumentsFor } from './signature-check.ts';
import type { Task } from './task.ts';

/** How the body of one attempt ended. */
export type Ending =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown };

/** Runs the body of a task once in its context. Never throws. */
export async function runAttempt(task: Task, context: TaskContext): Promise<Ending> {
  try {
    const value = await runInContext(context, () => runBody(task, context));
    return { kind: 'returned', value };
  } catch (error) {
    return { kind: 'threw', error: abortReason(context, error) };
  }
}

async function runBody(task: Task, context: TaskContext): Promise<unknown> {
  const before = task.beforeStart(context.id, context.args, context.kwargs);
  // Few tasks have handlers, and each await is a turn that all others wait for.
  if (before !== undefined) await before;
  try {
    return await task.run(...argumentsFor(task, context.args, context.kwargs));
  } catch (error) {
    if (isAutoretried(task, error)) return autoretry(task, error);
    throw error;
  }
}

/** A body that gave `request.signal` to a library fails with AbortError: what counts is why it was aborted. */
function abortReason({ signal }: TaskContext, error: unknown): unknown {
  const isAbort = error instanceof Error && error.name === 'AbortError';
  return isAbort && signal.aborted && signal.reason instanceof Error ? signal.reason : error;
}
