import { runInContext, type TaskContext } from './context.ts';
import type { Signals } from './signals.ts';
import { Task } from './task.ts';
import { tellFailed, tellInternalError, tellPostrun, tellRetry, tellSuccess } from './task-signals.ts';
import type { HandlerFailure, RunHandlers } from './trace-outcome.ts';
import { tracebackOf } from './traceback.ts';

/*
 * The handlers and signals of the end of a task, in the order of celery/app/trace.py. They run in the context of the
 * task, when its outcome is stored. Each function gives null when nobody listens, which costs a task nothing.
 */

/** A run whose body has ended. */
export interface EndedRun {
  readonly signals: Signals;
  readonly task: Task;
  readonly context: TaskContext;
}

export function successHandlers(run: EndedRun, value: unknown): RunHandlers | null {
  const { signals, task, context } = run;
  const { onSuccess, afterReturn } = Task.prototype;
  if (task.onSuccess === onSuccess && task.afterReturn === afterReturn && !signals.has('task_success')) {
    return postrunAlone(run, 'SUCCESS', value);
  }
  const { id, args, kwargs } = context;
  return handlers(run, 'SUCCESS', value, async () => {
    await task.onSuccess(value, id, args, kwargs);
    await tellSuccess(signals, task, context, value ?? null);
    await task.afterReturn('SUCCESS', value, id, args, kwargs);
  });
}

export function failureHandlers(run: EndedRun, error: unknown, traceback: string | null): RunHandlers | null {
  const { signals, task, context } = run;
  const { onFailure, afterReturn } = Task.prototype;
  if (task.onFailure === onFailure && task.afterReturn === afterReturn && !signals.has('task_failure')) {
    return postrunAlone(run, 'FAILURE', error);
  }
  const { id, args, kwargs } = context;
  return handlers(run, 'FAILURE', error, async () => {
    await task.onFailure(error, id, args, kwargs);
    await tellFailed(signals, context, error, traceback);
    await task.afterReturn('FAILURE', error, id, args, kwargs);
  });
}

/** `reason` is what the retry is for, `error` what ended the attempt. */
export function retryHandlers(
  run: EndedRun,
  error: unknown,
  reason: unknown,
  traceback: string | null,
): RunHandlers | null {
  const { signals, task, context } = run;
  if (task.onRetry === Task.prototype.onRetry && !signals.has('task_retry')) {
    return postrunAlone(run, 'RETRY', error);
  }
  const { id, args, kwargs } = context;
  return handlers(run, 'RETRY', error, async () => {
    await task.onRetry(reason, id, args, kwargs);
    await tellRetry(signals, task, context, reason, traceback);
  });
}

/** A message that is refused for good counts as a failure, but has no handler. */
export function rejectHandlers(
  run: EndedRun,
  error: unknown,
  isFinal: boolean,
  traceback: string | null,
): RunHandlers | null {
  const { signals, context } = run;
  if (!isFinal || !signals.has('task_failure')) return postrunAlone(run, 'REJECTED', error);
  return handlers(run, 'REJECTED', error, async () => {
    await tellFailed(signals, context, error, traceback);
  });
}

export function postrunAlone(run: EndedRun, state: string, retval: unknown): RunHandlers | null {
  return run.signals.has('task_postrun') ? handlers(run, state, retval, async () => {}) : null;
}

function handlers(
  { signals, task, context }: EndedRun,
  state: string,
  retval: unknown,
  tell: () => Promise<void>,
): RunHandlers {
  return () =>
    runInContext(context, async () => {
      const failure = await tell().then(() => null, failureOf);
      await tellPostrun(signals, task, context, state, retval);
      if (failure !== null) await tellInternalError(signals, context, failure.error, failure.traceback);
      return failure;
    });
}

function failureOf(error: unknown): HandlerFailure {
  return { error, traceback: tracebackOf(error) };
}
