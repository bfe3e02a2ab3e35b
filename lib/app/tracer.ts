import { EncodeError, Ignore, NotRegistered, Reject, Retry } from '../protocol/celery-errors.ts';
import { encodeException, exceptionRepr } from '../protocol/exception.ts';
import { encodeJson } from '../protocol/json.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { decodeTaskBody, type TaskRequest } from '../protocol/task-request.ts';
import { nowSeconds } from '../util/clock.ts';
import { isPromise, type MaybePromise, whenDone } from '../util/maybe-promise.ts';
import type { AppPort } from './app-port.ts';
import { type Ending, runAttempt } from './attempt.ts';
import { type RetryPlan, runInContext, type TaskContext, type TaskServices } from './context.ts';
import { MessageContext } from './message-context.ts';
import { checkResult } from './payload-format.ts';
import type { Registry } from './registry.ts';
import type { Signals } from './signals.ts';
import { returnToChord, sendSuccessors, tellFailure } from './successors.ts';
import type { Task } from './task.ts';
import type { TaskSettings } from './task-settings.ts';
import {
  tellFailed,
  tellInternalError,
  tellPostrun,
  tellPrerun,
  tellRetry,
  tellSuccess,
} from './task-signals.ts';
import type { TraceOutcome } from './trace-outcome.ts';
import { tracebackOf } from './traceback.ts';

/** What running a task needs of its app. */
export interface TraceApp extends AppPort {
  readonly tasks: Registry;
  readonly signals: Signals;
  /** The settings that hold for a task: its own, else those of the app. */
  settingsOf(task: Task): TaskSettings;
  /** Sends the running task again, as its retry. */
  sendRetry(context: TaskContext, plan: RetryPlan, request: TaskRequest): Promise<void>;
}

/**
 * Runs one task from its message: body, successors or retry, handlers (celery/app/trace.py). The outcome is for the
 * worker to store and to announce; it is there at once when nothing had to be waited for. Never throws: what goes wrong
 * here is a FAILURE of the task.
 */
export function traceTask(
  app: TraceApp,
  request: TaskRequest,
  services: TaskServices,
): MaybePromise<TraceOutcome> {
  const started = performance.now();
  const outcome = trace(app, request, services);
  if (!isPromise(outcome)) return timed(outcome, started);
  return outcome.then((partial) => timed(partial, started));
}

type PartialOutcome = Mutable<Omit<TraceOutcome, 'runtimeSeconds'>>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function timed(outcome: PartialOutcome, started: number): TraceOutcome {
  return Object.assign(outcome, { runtimeSeconds: (performance.now() - started) / 1000 });
}

function trace(app: TraceApp, request: TaskRequest, services: TaskServices): MaybePromise<PartialOutcome> {
  const task = app.tasks.get(request.task);
  if (!task) return failure(new NotRegistered(request.task), null, []);
  let context: TaskContext;
  try {
    context = new MessageContext(request, decodeTaskBody(request.bodyText), services);
  } catch (error) {
    return failure(error, task, []);
  }
  const { signals } = app;
  if (signals.has('task_prerun') || signals.has('task_postrun')) {
    return traceAloud(app, task, context, request);
  }
  return whenDone(runAttempt(task, context), (ended) => settle(app, task, context, request, ended));
}

/** With listeners around the run. */
async function traceAloud(
  app: TraceApp,
  task: Task,
  context: TaskContext,
  request: TaskRequest,
): Promise<PartialOutcome> {
  await tellPrerun(app.signals, task, context);
  const ending = await runAttempt(task, context);
  const outcome = await settle(app, task, context, request, ending);
  const retval = ending.kind === 'returned' ? ending.value : ending.error;
  await tellPostrun(app.signals, task, context, outcome.state, retval);
  return outcome;
}

/** What the end of the body means. */
function settle(
  app: TraceApp,
  task: Task,
  context: TaskContext,
  request: TaskRequest,
  ending: Ending,
): MaybePromise<PartialOutcome> {
  if (ending.kind === 'returned') return succeed(app, task, context, ending.value);
  const { error } = ending;
  if (error instanceof Retry) return retry(app, task, context, request, error);
  if (error instanceof Ignore) return { ...nothing('IGNORED', context), exceptionRepr: exceptionRepr(error) };
  if (error instanceof Reject) return reject(context, error, task);
  return fail(app, task, context, error);
}

function succeed(
  app: TraceApp,
  task: Task,
  context: TaskContext,
  value: unknown,
): MaybePromise<PartialOutcome> {
  let resultText: string;
  try {
    resultText = encodeJson(value ?? null);
    checkResult(app.conf, value ?? null);
  } catch (error) {
    return fail(app, task, context, new EncodeError(error instanceof Error ? error.message : String(error)));
  }
  const { callbacks, chain, chord } = context.embed;
  // Most tasks have none of these, and then nothing is waited for.
  if (!callbacks && !chain && !chord) return tellHandlers(app, task, context, value, resultText);
  return succeedAndTell(app, task, context, value, resultText);
}

async function succeedAndTell(
  app: TraceApp,
  task: Task,
  context: TaskContext,
  value: unknown,
  resultText: string,
): Promise<PartialOutcome> {
  const { embed } = context;
  try {
    if (embed.callbacks || embed.chain) {
      // In the context of the task, so that what it sends is noted as its children.
      await runInContext(context, () => sendSuccessors(app, context, value ?? null));
    }
    if (embed.chord) await returnToChord(app, context, 'SUCCESS', resultText);
  } catch (error) {
    return fail(app, task, context, error);
  }
  return tellHandlers(app, task, context, value, resultText);
}

/** `onSuccess`, then `afterReturn`. Successors are on their way: only the task's own record can show that one failed. */
function tellHandlers(
  app: TraceApp,
  task: Task,
  context: TaskContext,
  value: unknown,
  resultText: string,
): MaybePromise<PartialOutcome> {
  const { id, args, kwargs } = context;
  const failed = (error: unknown): MaybePromise<PartialOutcome> => internalError(app, task, context, error);
  const done = (): PartialOutcome => success(task, context, value, resultText);
  try {
    const told = whenDone(task.onSuccess(value, id, args, kwargs), () =>
      whenDone(tellSuccess(app.signals, task, context, value ?? null), () =>
        task.afterReturn('SUCCESS', value, id, args, kwargs),
      ),
    );
    return isPromise(told) ? told.then(done, failed) : done();
  } catch (error) {
    return failed(error);
  }
}

function success(
  { resultreprMaxsize }: Task,
  { children }: TaskContext,
  value: unknown,
  resultText: string,
): PartialOutcome {
  const resultRepr = pythonRepr(value ?? null, resultreprMaxsize);
  return {
    state: 'SUCCESS',
    resultText,
    resultRepr,
    exceptionRepr: null,
    traceback: null,
    children,
  };
}

async function fail(
  app: TraceApp,
  task: Task,
  context: TaskContext,
  error: unknown,
): Promise<PartialOutcome> {
  const outcome = failure(error, task, context.children);
  const { embed, id, args, kwargs } = context;
  try {
    if (embed.chain || embed.errbacks || embed.chord) {
      await tellFailure(app, context, 'FAILURE', outcome.resultText ?? 'null', outcome.traceback);
    }
    await task.onFailure(error, id, args, kwargs);
    await tellFailed(app.signals, context, error, outcome.traceback);
    await task.afterReturn('FAILURE', error, id, args, kwargs);
  } catch (second) {
    // The task has failed already; its record shows why, and what went wrong while telling others.
    await tellInternalError(app.signals, context, second, tracebackOf(second));
    return { ...outcome, traceback: `${outcome.traceback}\n\nAnd then:\n${tracebackOf(second)}` };
  }
  return outcome;
}

async function retry(
  app: TraceApp,
  task: Task,
  context: TaskContext,
  request: TaskRequest,
  error: Retry,
): Promise<PartialOutcome> {
  // A Retry that the task made itself, without `retry()`, promises another attempt as well.
  const plan = context.retryPlan ?? {
    args: context.args,
    kwargs: context.kwargs,
    eta: new Date(Date.now() + task.defaultRetryDelay * 1000),
    exc: error.exc,
    options: {},
  };
  try {
    await app.sendRetry(context, plan, request);
  } catch (cause) {
    // With late acks the message is still ours, so that it can go back instead of being lost.
    if (task.acksLate ?? app.conf.task_acks_late) {
      return {
        ...nothing('REJECTED', context),
        exceptionRepr: exceptionRepr(cause),
        reject: { requeue: true },
      };
    }
    return fail(app, task, context, cause);
  }
  const reason = plan.exc ?? error;
  await Promise.resolve(task.onRetry(reason, context.id, context.args, context.kwargs)).catch(() => {
    // The retry is on its way; a failing handler must not turn it into a failure.
  });
  await tellRetry(app.signals, task, context, reason, tracebackOf(reason));
  const eta = plan.eta.toISOString();
  return {
    ...nothing('RETRY', context),
    resultText: plan.exc === null ? null : JSON.stringify(encodeException(plan.exc, moduleOf(task))),
    exceptionRepr: exceptionRepr(reason, moduleOf(task)),
    traceback: tracebackOf(reason),
    retry: { eta, whenSeconds: Math.max(0, plan.eta.getTime() / 1000 - nowSeconds()) },
  };
}

function internalError(
  app: TraceApp,
  task: Task,
  context: TaskContext,
  error: unknown,
): MaybePromise<PartialOutcome> {
  const outcome = failure(error, task, context.children);
  return whenDone(tellInternalError(app.signals, context, error, outcome.traceback), () => outcome);
}

function reject(context: TaskContext, error: Reject, task: Task): PartialOutcome {
  return {
    ...nothing('REJECTED', context),
    resultText: error.requeue ? null : encodeJson(encodeException(error, moduleOf(task))),
    exceptionRepr: exceptionRepr(error),
    traceback: tracebackOf(error),
    reject: { requeue: error.requeue },
  };
}

function failure(error: unknown, task: Task | null, children: readonly unknown[]): PartialOutcome {
  const module = task === null ? 'umbel' : moduleOf(task);
  const isExpectedError = task?.throws.some((type) => error instanceof type) ?? false;
  return {
    state: 'FAILURE',
    resultText: encodeJson(encodeException(error, module)),
    resultRepr: '',
    exceptionRepr: exceptionRepr(error, module),
    traceback: tracebackOf(error),
    children,
    ...(isExpectedError && { isExpectedError }),
  };
}

function nothing(state: TraceOutcome['state'], { children }: TaskContext): PartialOutcome {
  return { state, resultText: null, resultRepr: '', exceptionRepr: null, traceback: null, children };
}

/** Python-style module of a task's name: `tasks` of `tasks.add`. */
function moduleOf(task: Task): string {
  const dot = task.name.lastIndexOf('.');
  return dot > 0 ? task.name.slice(0, dot) : 'umbel';
}
