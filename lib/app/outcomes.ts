import { encodeException, exceptionRepr } from '../protocol/exception.ts';
import { encodeJson } from '../protocol/json.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { nowSeconds } from '../util/clock.ts';
import type { RetryPlan, TaskContext } from './context.ts';
import type { Task } from './task.ts';
import type { TraceOutcome } from './trace-outcome.ts';
import { tracebackOf } from './traceback.ts';

/* The outcomes of an attempt. `startedMs` is when it began, by performance.now(). */

export function success(
  { resultreprMaxsize }: Task,
  { children, embed }: TaskContext,
  value: unknown,
  resultText: string,
  startedMs: number,
): TraceOutcome {
  const outcome: TraceOutcome = {
    state: 'SUCCESS',
    resultText,
    resultRepr: pythonRepr(value ?? null, resultreprMaxsize),
    exceptionRepr: null,
    traceback: null,
    runtimeSeconds: secondsSince(startedMs),
    children,
  };
  return embed.chord === null ? outcome : { ...outcome, isAwaited: true };
}

export function failure(
  task: Task,
  context: TaskContext,
  error: unknown,
  startedMs: number,
): TraceOutcome & { readonly traceback: string } {
  const isExpectedError = task.throws.some((type) => error instanceof type);
  return {
    ...earlyFailure(error, startedMs, moduleOf(task)),
    children: context.children,
    ...(isExpectedError && { isExpectedError }),
    ...(failureIsAwaited(context) && { isAwaited: true }),
  };
}

/** Of a call that has no context: its task is unknown, or its message cannot be read. */
export function earlyFailure(
  error: unknown,
  startedMs: number,
  module = 'umbel',
): TraceOutcome & { readonly traceback: string } {
  return {
    state: 'FAILURE',
    resultText: encodeJson(encodeException(error, module)),
    resultRepr: '',
    exceptionRepr: exceptionRepr(error, module),
    traceback: tracebackOf(error),
    runtimeSeconds: secondsSince(startedMs),
    children: [],
  };
}

/** `reason` is what the retry is for. */
export function retried(
  task: Task,
  context: TaskContext,
  { eta, countdown, exc }: RetryPlan,
  reason: unknown,
  startedMs: number,
): TraceOutcome {
  const module = moduleOf(task);
  return {
    ...nothing('RETRY', context, startedMs),
    resultText: exc === null ? null : JSON.stringify(encodeException(exc, module)),
    exceptionRepr: exceptionRepr(reason, module),
    traceback: tracebackOf(reason),
    retry: {
      eta: eta.toISOString(),
      // As the task has said it, however long sending took.
      whenSeconds: countdown ?? Math.max(0, eta.getTime() / 1000 - nowSeconds()),
    },
  };
}

export function ignored(context: TaskContext, error: unknown, startedMs: number): TraceOutcome {
  return { ...nothing('IGNORED', context, startedMs), exceptionRepr: exceptionRepr(error) };
}

/** Without requeue it is a failure for everybody who waits. */
export function rejected(
  task: Task,
  context: TaskContext,
  error: unknown,
  requeue: boolean,
  startedMs: number,
): TraceOutcome {
  return {
    ...nothing('REJECTED', context, startedMs),
    resultText: requeue ? null : encodeJson(encodeException(error, moduleOf(task))),
    exceptionRepr: exceptionRepr(error),
    traceback: tracebackOf(error),
    reject: { requeue },
    ...(!requeue && failureIsAwaited(context) && { isAwaited: true }),
  };
}

function nothing(state: TraceOutcome['state'], { children }: TaskContext, startedMs: number): TraceOutcome {
  const runtimeSeconds = secondsSince(startedMs);
  return {
    state,
    resultText: null,
    resultRepr: '',
    exceptionRepr: null,
    traceback: null,
    runtimeSeconds,
    children,
  };
}

function failureIsAwaited({ embed: { chain, chord, errbacks } }: TaskContext): boolean {
  return chain !== null || chord !== null || errbacks !== null;
}

function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / 1000;
}

/** Python-style module of a task's name: `tasks` of `tasks.add`. */
function moduleOf({ name }: Task): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(0, dot) : 'umbel';
}
