import type { Signature } from '../protocol/signature.ts';
import type { ErrbackArguments } from './canvas/errback-arguments.ts';
import { merge } from './canvas/merge.ts';
import { directContext, runInContext } from './context.ts';
import { argumentsFor, takesFailure } from './signature-check.ts';
import type { Task } from './task.ts';

/**
 * Calls an errback here and now with (request, exc, traceback) and then its own arguments, when it is of that kind
 * (celery/backends/base.py `_call_task_errbacks`). False when it is to be sent with the id of the task that failed.
 */
export async function callErrback(
  task: Task,
  errback: Signature,
  failure: ErrbackArguments,
): Promise<boolean> {
  const { args, kwargs } = merge(errback, { args: failure });
  // An immutable one takes nothing of the failure: sent, it can have a queue and a result.
  if (errback.immutable || !takesFailure(task, errback.args.length, kwargs)) return false;
  const context = { ...directContext(task.name, args), kwargs };
  await runInContext(context, () => task.run(...argumentsFor(task, args, kwargs)));
  return true;
}
