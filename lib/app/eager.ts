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
import { currentContext, directContext, type TaskContext } from './context.ts';
import type { EagerOptions } from './eager-options.ts';
import { type EagerEnd, EagerResult } from './eager-result.ts';
import type { Task } from './task.ts';
import { tellFailed, tellPostrun, tellPrerun, tellRetry, tellSuccess } from './task-signals.ts';
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

/**
 * Runs a task in place as a worker would (celery/app/task.py `apply`): arguments and value go through the serializer,
 * handlers and signals are called, retries follow at once without waiting. Throws the task's error with `throw` or
 * `task_eager_propagates`.
 */
export async function runEagerly(
  app: TraceApp,
  task: Task,
  args: readonly unknown[],
  options: EagerOptions,
): Promise<EagerResult> {
  const copy = copier(options.serializer ?? task.serializer ?? app.conf.task_serializer);
  const id = options.taskId ?? uuid();
  const surrounding = currentContext();
  let call = copyCall(copy, args, options.kwargs ?? {});
  for (let retries = 0; ; retries += 1) {
    const context = eagerContext(task, id, call, retries, options);
    await tellPrerun(app.signals, task, context);
    const ending = await runAttempt(task, context);
    const end = await conclude(app, task, context, ending, copy);
    await tellPostrun(app.signals, task, context, end.meta.status, end.error ?? end.meta.result);
    if (end.meta.status === 'RETRY') {
      const { args: nextArgs, kwargs } = context.retryPlan ?? call;
      call = copyCall(copy, nextArgs, kwargs);
      continue;
    }
    await keep(app, task, options, end.meta);
    const doesThrow = options.throw ?? app.conf.task_eager_propagates;
    if (doesThrow && end.meta.status === 'FAILURE') throw end.error;
    const result = new EagerResult(app, end);
    if (isEager(surrounding)) surrounding.started.push(result);
    return result;
  }
}

/** What the end of the body means, with the handlers and signals of it. */
async function conclude(
  app: TraceApp,
  task: Task,
  context: EagerContext,
  ending: Ending,
  copy: Copy,
): Promise<EagerEnd> {
  const { id, args, kwargs } = context;
  try {
    if (ending.kind === 'returned') {
      const value = copy(ending.value ?? null);
      await task.onSuccess(ending.value, id, args, kwargs);
      await tellSuccess(app.signals, task, context, value);
      await task.afterReturn('SUCCESS', ending.value, id, args, kwargs);
      return endOf(context, 'SUCCESS', value, null);
    }
    const { error } = ending;
    if (error instanceof Retry) {
      const reason = context.retryPlan?.exc ?? error;
      await task.onRetry(reason, id, args, kwargs);
      await tellRetry(app.signals, task, context, reason, tracebackOf(reason));
      return endOf(context, 'RETRY', null, error);
    }
    if (error instanceof Ignore) return endOf(context, 'IGNORED', null, error);
    if (error instanceof Reject) return endOf(context, 'REJECTED', null, error);
    await task.onFailure(error, id, args, kwargs);
    await tellFailed(app.signals, context, error, tracebackOf(error));
    await task.afterReturn('FAILURE', error, id, args, kwargs);
    return endOf(context, 'FAILURE', encodeException(error, task.name), error);
  } catch (error) {
    // A value that cannot be written, or a handler that fails, is a failure of the task.
    return endOf(context, 'FAILURE', encodeException(error, task.name), error);
  }
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
    isEager: true,
    calledDirectly: false,
    headers: options.headers ?? null,
    deliveryInfo: {
      exchange: options.exchange ?? '',
      routing_key: options.routingKey ?? options.queue ?? '',
    },
    services: { hostname: '', updateState: async () => {}, sendEvent: () => {} },
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
