import { UmbelError } from '../contract/errors.ts';
import { Ignore, Reject, Retry } from '../protocol/celery-errors.ts';
import { encodeException } from '../protocol/exception.ts';
import { isoformatNow } from '../protocol/json-types.ts';
import { isRecord } from '../protocol/record.ts';
import { encodeResult, type ResultMeta } from '../protocol/result.ts';
import { serializerNamed } from '../protocol/serializer.ts';
import { uuid } from '../util/clock.ts';
import type { AnyResult } from './any-result.ts';
import { type Ending, runAttempt } from './attempt.ts';
import { currentContext, directContext, NO_SERVICES, runInContext, type TaskContext } from './context.ts';
import type { EagerOptions } from './eager-options.ts';
import { type EagerEnd, EagerResult } from './eager-result.ts';
import {
  type EndedRun,
  failureHandlers,
  postrunAlone,
  retryHandlers,
  successHandlers,
} from './end-handlers.ts';
import type { Task } from './task.ts';
import { tellPrerun } from './task-signals.ts';
import type { RunHandlers } from './trace-outcome.ts';
import { tracebackOf } from './traceback.ts';
import type { TraceApp } from './tracer.ts';

interface EagerCall {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** The context of a call that runs here; it knows what runs within it. */
interface EagerContext extends TaskContext {
  readonly started: AnyResult[];
}

interface EagerRun extends EndedRun {
  readonly context: EagerContext;
}

/** How a call has ended here, and what its handlers are yet to be told. */
interface Ended {
  readonly end: EagerEnd;
  readonly handlers: RunHandlers | null;
}

/** Runs what follows a task: its links, or its errbacks. */
export type Follow = (result: EagerResult) => Promise<void>;

/**
 * Runs a task in place as a worker would (celery/app/task.py `apply`): arguments and value go through the serializer,
 * handlers and signals are called, retries follow at once without waiting. What follows the task runs before its
 * handlers. Throws the task's error with `throw` or `task_eager_propagates`, and that of a handler.
 */
export async function runEagerly(
  app: TraceApp,
  task: Task,
  args: readonly unknown[],
  options: EagerOptions,
  follow: Follow = async () => {},
): Promise<EagerResult> {
  const copy = copier(options.serializer ?? task.serializer ?? app.conf.task_serializer);
  const id = options.taskId ?? uuid();
  const surrounding = currentContext();
  const call = copyCall(copy, args, options.kwargs ?? {});
  const { end, handlers } = await attempts(app, task, id, call, options, copy);
  const result = new EagerResult(app, end);
  const isFailure = end.meta.status === 'FAILURE';
  const doesThrow = isFailure && (options.throw ?? app.conf.task_eager_propagates);
  if (isEager(surrounding) && surrounding.trail && !doesThrow) surrounding.started.push(result);
  if (end.meta.status === 'SUCCESS') await follow(result);
  await keep(app, task, options, end.meta);
  if (isFailure && !doesThrow) await follow(result);
  await run(handlers);
  if (doesThrow) throw end.error;
  return result;
}

/** One attempt after the other, to the last. */
async function attempts(
  app: TraceApp,
  task: Task,
  id: string,
  firstCall: EagerCall,
  options: EagerOptions,
  copy: Copy,
): Promise<Ended> {
  let call = firstCall;
  for (let retries = 0; ; retries += 1) {
    const context = eagerContext(task, id, call, retries, options);
    await runInContext(context, () => tellPrerun(app.signals, task, context));
    const ended = conclude(app, task, context, await runAttempt(task, context), copy);
    if (ended.end.meta.status !== 'RETRY') return ended;
    await run(ended.handlers);
    const { args, kwargs } = context.retryPlan ?? call;
    call = copyCall(copy, args, kwargs);
  }
}

/** There is no log to look at: who runs a task in place should see that a handler of it is broken. */
async function run(handlers: RunHandlers | null): Promise<void> {
  const failure = await handlers?.();
  if (failure) throw failure.error;
}

/** What the end of the body means. */
function conclude(app: TraceApp, task: Task, context: EagerContext, ending: Ending, copy: Copy): Ended {
  const run = { signals: app.signals, task, context };
  if (ending.kind === 'returned') {
    const { value } = ending;
    try {
      const end = endOf(context, 'SUCCESS', copy(value ?? null), null);
      return { end, handlers: successHandlers(run, value) };
    } catch (error) {
      return failed(run, error);
    }
  }
  const { error } = ending;
  if (error instanceof Retry) {
    const reason = context.retryPlan?.exc ?? error;
    const handlers = retryHandlers(run, error, reason, tracebackOf(reason));
    return { end: endOf(context, 'RETRY', null, error), handlers };
  }
  if (error instanceof Ignore || error instanceof Reject) {
    const status = error instanceof Ignore ? 'IGNORED' : 'REJECTED';
    return { end: endOf(context, status, null, error), handlers: postrunAlone(run, status, error) };
  }
  return failed(run, error);
}

function failed(run: EagerRun, error: unknown): Ended {
  const { task, context } = run;
  const end = endOf(context, 'FAILURE', encodeException(error, task.name), error);
  return { end, handlers: failureHandlers(run, error, end.meta.traceback ?? null) };
}

function endOf(context: EagerContext, status: string, result: unknown, error: unknown): EagerEnd {
  const { id: taskId, started, children, parentId, group } = context;
  const meta: ResultMeta = {
    taskId,
    status,
    result,
    traceback: status === 'FAILURE' ? tracebackOf(error) : null,
    children: [...started.map((child) => child.asTuple()), ...children],
    dateDone: isoformatNow(),
    ...(parentId !== null && { parentId }),
    ...(group !== null && { groupId: group }),
  };
  return { meta, error, started };
}

/** With `task_store_eager_result` others find the result as well. */
async function keep(app: TraceApp, task: Task, options: EagerOptions, meta: ResultMeta): Promise<void> {
  const isReady = meta.status === 'SUCCESS' || meta.status === 'FAILURE';
  if (!app.conf.task_store_eager_result || !isReady) return;
  if (options.ignoreResult ?? app.settingsOf(task).ignoreResult) return;
  const backend = await app.backend();
  await backend.store({ taskId: meta.taskId, text: encodeResult(meta) });
}

function isEager(context: TaskContext | undefined): context is EagerContext {
  return context !== undefined && 'started' in context;
}

function eagerContext(
  task: Task,
  id: string,
  call: EagerCall,
  retries: number,
  options: EagerOptions,
): EagerContext {
  const parent = currentContext();
  const { stampedHeaders = null, stamps = {} } = options;
  return {
    ...directContext(task.name, call.args),
    id,
    kwargs: call.kwargs,
    retries,
    rootId: options.rootId ?? parent?.rootId ?? id,
    parentId: options.parentId ?? (parent?.id || null),
    group: options.group ?? null,
    groupIndex: options.groupIndex ?? null,
    priority: options.priority ?? 0,
    shadow: options.shadow ?? null,
    ignoreResult: options.ignoreResult ?? null,
    stampedHeaders,
    stamps: stampedHeaders === null ? {} : stamps,
    trail: task.trail,
    isEager: true,
    calledDirectly: false,
    headers: options.headers ?? null,
    deliveryInfo: {
      exchange: options.exchange ?? '',
      routing_key: options.routingKey ?? options.queue ?? '',
    },
    services: NO_SERVICES,
    started: [],
  };
}

/** What a value is on the other side of the wire. Throws `UmbelError('bad_request')` for what cannot be sent. */
type Copy = (value: unknown) => unknown;

function copier(name: string): Copy {
  const serializer = serializerNamed(name);
  return (value) => serializer.decode(serializer.encode(value));
}

function copyCall(
  copy: Copy,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): EagerCall {
  const [copiedArgs, copiedKwargs] = [copy(args), copy(kwargs)];
  if (!Array.isArray(copiedArgs) || !isRecord(copiedKwargs)) {
    throw new UmbelError('bad_request', 'The arguments of a task are a list and an object.');
  }
  return { args: copiedArgs, kwargs: copiedKwargs };
}
