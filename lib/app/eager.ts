import { UmbelError } from '../contract/errors.ts';
import { PROPAGATE_STATES } from '../contract/states.ts';
import { Retry } from '../protocol/celery-errors.ts';
import { encodeException } from '../protocol/exception.ts';
import { decodeJson, encodeJson } from '../protocol/json.ts';
import type { ResultMeta } from '../protocol/result.ts';
import { uuid } from '../util/clock.ts';
import type { GetOptions } from './any-result.ts';
import type { AppPort } from './app-port.ts';
import { AsyncResult } from './async-result.ts';
import { type Ending, runAttempt } from './attempt.ts';
import { currentContext, directContext, type TaskContext } from './context.ts';
import type { EagerOptions } from './eager-options.ts';
import type { Signals } from './signals.ts';
import type { Task } from './task.ts';
import { tellFailed, tellPostrun, tellPrerun, tellRetry, tellSuccess } from './task-signals.ts';
import { tracebackOf } from './traceback.ts';

/** A result that is there already: of `apply`, and of any call with `task_always_eager`. */
export class EagerResult<T = unknown> extends AsyncResult<T> {
  readonly #meta: ResultMeta;
  readonly #error: unknown;

  constructor(app: AppPort, meta: ResultMeta, error: unknown) {
    super(app, meta.taskId);
    this.#meta = meta;
    this.#error = error;
  }

  override async meta(): Promise<ResultMeta> {
    return this.#meta;
  }

  override async result(): Promise<unknown> {
    return this.#error ?? this.#meta.result;
  }

  override get(options: GetOptions & { readonly propagate: false }): Promise<T | Error>;
  override get(options?: GetOptions): Promise<T>;
  override async get({ propagate = true }: GetOptions = {}): Promise<unknown> {
    if (!PROPAGATE_STATES.has(this.#meta.status)) return this.#meta.result;
    if (propagate) throw this.#error;
    return this.#error;
  }

  override async failure(): Promise<unknown> {
    return PROPAGATE_STATES.has(this.#meta.status) ? this.#error : null;
  }

  override async revoke(): Promise<void> {
    // It has run already.
  }

  override async forget(): Promise<void> {
    // Nothing is stored.
  }
}

/**
 * Runs a task in place as a worker would: arguments and value go through JSON, retries follow at once without waiting.
 * Throws the task's error with `throw` or `task_eager_propagates`.
 */
export async function runEagerly(
  app: AppPort & { readonly signals: Signals },
  task: Task,
  args: readonly unknown[],
  options: EagerOptions,
): Promise<EagerResult> {
  const taskId = options.taskId ?? uuid();
  let call = { args: copy(args), kwargs: copy(options.kwargs ?? {}) };
  for (let retries = 0; ; retries += 1) {
    const context = eagerContext(task, taskId, call, retries, options);
    await tellPrerun(app.signals, task, context);
    const ending = await runAttempt(task, context);
    await tellEagerEnding(app.signals, task, context, ending);
    if (ending.kind === 'threw' && ending.error instanceof Retry && context.retryPlan) {
      call = { args: copy(context.retryPlan.args), kwargs: copy(context.retryPlan.kwargs) };
      continue;
    }
    const children = context.children;
    if (ending.kind === 'returned') {
      const result = decodeJson(encodeJson(ending.value ?? null));
      return new EagerResult(app, finished(taskId, 'SUCCESS', result, null, children), null);
    }
    const { error } = ending;
    if (options.throw ?? app.conf.task_eager_propagates) throw error;
    const record = encodeException(error, task.name);
    return new EagerResult(app, finished(taskId, 'FAILURE', record, tracebackOf(error), children), error);
  }
}

async function tellEagerEnding(
  signals: Signals,
  task: Task,
  context: TaskContext,
  ending: Ending,
): Promise<void> {
  if (ending.kind === 'returned') {
    await tellSuccess(signals, task, context, ending.value ?? null);
    await tellPostrun(signals, task, context, 'SUCCESS', ending.value);
    return;
  }
  const { error } = ending;
  const isRetry = error instanceof Retry && context.retryPlan !== null;
  if (isRetry) await tellRetry(signals, task, context, context.retryPlan?.exc ?? error, tracebackOf(error));
  else await tellFailed(signals, context, error, tracebackOf(error));
  await tellPostrun(signals, task, context, isRetry ? 'RETRY' : 'FAILURE', error);
}

function finished(
  taskId: string,
  status: string,
  result: unknown,
  traceback: string | null,
  children: readonly unknown[],
): ResultMeta {
  return { taskId, status, result, traceback, children, dateDone: new Date().toISOString() };
}

function eagerContext(
  task: Task,
  id: string,
  call: { args: readonly unknown[]; kwargs: Readonly<Record<string, unknown>> },
  retries: number,
  options: EagerOptions,
): TaskContext {
  const parent = currentContext();
  return {
    ...directContext(task.name, call.args),
    id,
    kwargs: call.kwargs,
    retries,
    rootId: parent?.rootId ?? id,
    parentId: parent?.id || null,
    isEager: true,
    calledDirectly: false,
    headers: options.headers ?? null,
    services: { hostname: '', updateState: async () => {}, sendEvent: () => {} },
  };
}

/** What the arguments are on the other side of the wire. */
function copy<T>(value: T): T {
  const copied = decodeJson(encodeJson(value));
  if (isLike(copied, value)) return copied;
  throw new UmbelError('bad_request', 'The arguments do not survive JSON.');
}

function isLike<T>(copied: unknown, original: T): copied is T {
  return Array.isArray(copied) === Array.isArray(original) && typeof copied === typeof original;
}
