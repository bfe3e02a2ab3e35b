import { Ignore, Reject, Retry } from '../protocol/celery-errors.ts';
import type { Task } from './task.ts';

/** Whether `autoretryFor` covers an error that the body threw. */
export function isAutoretried(task: Task, error: unknown): boolean {
  if (task.autoretryFor.length === 0) return false;
  if (error instanceof Retry || error instanceof Ignore || error instanceof Reject) return false;
  if (task.dontAutoretryFor.some((type) => error instanceof type)) return false;
  return task.autoretryFor.some((type) => error instanceof type);
}

/** Asks for the retry that `autoretryFor` promises: throws Retry, or the error when no attempt is left. */
export function autoretry(task: Task, error: unknown): never {
  const { retryKwargs, retryBackoff } = task;
  const countdown = retryBackoff ? backoffSeconds(task) : retryKwargs.countdown;
  return task.retry({ ...retryKwargs, exc: error, ...(countdown !== undefined && { countdown }) });
}

/** Celery's delay: whole seconds, doubled with each attempt, drawn from 0 to that with jitter (celery/utils/time.py). */
function backoffSeconds({ retryBackoff, retryBackoffMax, retryJitter, request }: Task): number {
  const factor = Math.trunc(Math.max(1, retryBackoff === true ? 1 : Number(retryBackoff)));
  const wait = Math.min(retryBackoffMax, factor * 2 ** request.retries);
  return retryJitter ? Math.floor(Math.random() * (wait + 1)) : wait;
}
