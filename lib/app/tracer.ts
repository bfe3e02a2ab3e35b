import { EncodeError, Ignore, NotRegistered, Reject, Retry } from '../protocol/celery-errors.ts';
import { encodeJson } from '../protocol/json.ts';
import { decodeTaskBody, type TaskRequest } from '../protocol/task-request.ts';
import { type MaybePromise, whenDone } from '../util/maybe-promise.ts';
import type { AppPort } from './app-port.ts';
import { type Ending, runAttempt } from './attempt.ts';
import { type RetryPlan, runInContext, type TaskContext, type TaskServices } from './context.ts';
import {
  type EndedRun,
  failureHandlers,
  postrunAlone,
  rejectHandlers,
  retryHandlers,
  successHandlers,
} from './end-handlers.ts';
import { MessageContext } from './message-context.ts';
import { earlyFailure, failure, ignored, rejected, retried, success } from './outcomes.ts';
import { checkResult } from './payload-format.ts';
import type { Registry } from './registry.ts';
import type { Signals } from './signals.ts';
import { sendSuccessors } from './successors.ts';
import type { Task } from './task.ts';
import type { TaskSettings } from './task-settings.ts';
import { tellPrerun } from './task-signals.ts';
import type { Traced } from './trace-outcome.ts';

/** What running a task needs of its app. */
export interface TraceApp extends AppPort {
  readonly tasks: Registry;
  readonly signals: Signals;
  /** The settings that hold for a task: its own, else those of the app. */
  settingsOf(task: Task): TaskSettings;
  /** Sends the running task again, as its retry. */
  sendRetry(context: TaskContext, plan: RetryPlan, request: TaskRequest): Promise<void>;
}

/** One attempt. */
interface Run extends EndedRun {
  readonly app: TraceApp;
  readonly request: TaskRequest;
  /** By performance.now(). */
  readonly startedMs: number;
}

/**
 * Runs one task from its message: body, then its links and the rest of its chain, or its retry (celery/app/trace.py).
 * The outcome is for the worker to store, to tell others of (`tellEnded`) and to announce; then the handlers run. It is
 * there at once when nothing had to be waited for. Never throws: what goes wrong here is a FAILURE of the task.
 */
export function traceTask(app: TraceApp, request: TaskRequest, services: TaskServices): MaybePromise<Traced> {
  const startedMs = performance.now();
  const task = app.tasks.get(request.task);
  if (!task) {
    const outcome = earlyFailure(new NotRegistered(request.task), startedMs);
    return { outcome: { ...outcome, isAwaited: true }, handlers: null };
  }
  let context: TaskContext;
  try {
    context = new MessageContext(request, decodeTaskBody(request.bodyText), services, task.trail);
  } catch (error) {
    return { outcome: earlyFailure(error, startedMs), handlers: null };
  }
  const { signals } = app;
  const run: Run = { app, signals, task, context, request, startedMs };
  if (!signals.has('task_prerun')) return attempt(run);
  const told = runInContext(context, () => tellPrerun(signals, task, context));
  return told === undefined ? attempt(run) : told.then(() => attempt(run));
}

function attempt(run: Run): MaybePromise<Traced> {
  return whenDone(runAttempt(run.task, run.context), (ending) => settle(run, ending));
}

/** What the end of the body means. A retry that it asked for without ending is sent first (`throw: false`). */
function settle(run: Run, ending: Ending): MaybePromise<Traced> {
  const { app, context, request } = run;
  const plan = context.retryPlan;
  const isOver = ending.kind === 'threw' && ending.error instanceof Retry;
  if (plan?.isBeside !== true || isOver) return settleEnding(run, ending);
  return app.sendRetry(context, plan, request).then(
    () => settleEnding(run, ending),
    (error: unknown) => fail(run, error),
  );
}

function settleEnding(run: Run, ending: Ending): MaybePromise<Traced> {
  if (ending.kind === 'returned') return succeed(run, ending.value);
  const { error } = ending;
  if (error instanceof Retry) return retry(run, error);
  if (error instanceof Ignore) {
    const outcome = ignored(run.context, error, run.startedMs);
    return { outcome, handlers: postrunAlone(run, 'IGNORED', error) };
  }
  if (error instanceof Reject) {
    const outcome = rejected(run.task, run.context, error, error.requeue, run.startedMs);
    return { outcome, handlers: rejectHandlers(run, error, !error.requeue, outcome.traceback) };
  }
  return fail(run, error);
}

function succeed(run: Run, value: unknown): MaybePromise<Traced> {
  const { app, context } = run;
  let resultText: string;
  try {
    resultText = encodeJson(value ?? null);
    checkResult(app.conf, value ?? null);
  } catch (error) {
    return fail(run, new EncodeError(error instanceof Error ? error.message : String(error)));
  }
  // Most tasks have none of these, and then nothing is waited for.
  if (!context.embed.callbacks && !context.embed.chain) return succeeded(run, value, resultText);
  // In the context of the task, so that what it sends is noted as its children.
  return runInContext(context, () => sendSuccessors(app, context, value ?? null)).then(
    () => succeeded(run, value, resultText),
    (error: unknown) => fail(run, error),
  );
}

function succeeded(run: Run, value: unknown, resultText: string): Traced {
  const outcome = success(run.task, run.context, value, resultText, run.startedMs);
  return { outcome, handlers: successHandlers(run, value) };
}

function fail(run: Run, error: unknown): Traced {
  const outcome = failure(run.task, run.context, error, run.startedMs);
  return { outcome, handlers: failureHandlers(run, error, outcome.traceback) };
}

async function retry(run: Run, error: Retry): Promise<Traced> {
  const { app, task, context, request, startedMs } = run;
  // A Retry that the task made itself, without `retry()`, promises another attempt as well.
  const plan = context.retryPlan ?? {
    args: context.args,
    kwargs: context.kwargs,
    eta: new Date(Date.now() + task.defaultRetryDelay * 1000),
    countdown: task.defaultRetryDelay,
    exc: error.exc,
    options: {},
  };
  try {
    await app.sendRetry(context, plan, request);
  } catch (cause) {
    if (!app.settingsOf(task).acksLate) return fail(run, cause);
    // The message is still ours, so that it can go back instead of being lost.
    const outcome = rejected(task, context, cause, true, startedMs);
    return { outcome, handlers: postrunAlone(run, 'REJECTED', cause) };
  }
  const reason = plan.exc ?? error;
  const outcome = retried(task, context, plan, reason, startedMs);
  return { outcome, handlers: retryHandlers(run, error, reason, outcome.traceback) };
}
