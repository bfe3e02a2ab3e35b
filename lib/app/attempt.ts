import type { TaskContext } from './context.ts';
import { runInContext } from './context.ts';
import { bodyOf } from './function-task.ts';
import { bindArguments, type Parameter, readParameters } from './parameters.ts';
import { autoretry, isAutoretried } from './retry-policy.ts';
import type { Task } from './task.ts';

/** How the body of one attempt ended. */
export type Ending =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'threw'; readonly error: unknown };

const parametersOf = new WeakMap<Task, readonly Parameter[] | null>();

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
    return await task.run(...argumentsOf(task, context));
  } catch (error) {
    if (isAutoretried(task, error)) return autoretry(task, error);
    throw error;
  }
}

function argumentsOf(task: Task, { args, kwargs }: TaskContext): unknown[] {
  for (const _name in kwargs) {
    return bindArguments(task.name, taskParameters(task), args, kwargs, task.typing);
  }
  return [...args];
}

function taskParameters(task: Task): readonly Parameter[] | null {
  const known = parametersOf.get(task);
  if (known !== undefined) return known;
  const { body, skip } = bodyOf(task);
  const parameters = readParameters(body)?.slice(skip) ?? null;
  parametersOf.set(task, parameters);
  return parameters;
}

/** A body that gave `request.signal` to a library fails with AbortError: what counts is why it was aborted. */
function abortReason({ signal }: TaskContext, error: unknown): unknown {
  const isAbort = error instanceof Error && error.name === 'AbortError';
  return isAbort && signal.aborted && signal.reason instanceof Error ? signal.reason : error;
}
