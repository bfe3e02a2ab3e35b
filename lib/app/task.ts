import { UmbelError } from '../contract/errors.ts';
import { EXCEPTION_STATES } from '../contract/states.ts';
import { MaxRetriesExceededError, Retry } from '../protocol/celery-errors.ts';
import { encodeException } from '../protocol/exception.ts';
import { encodeJson } from '../protocol/json.ts';
import { reprArgs, reprKwargs } from '../protocol/repr.ts';
import { composeResult } from '../protocol/result.ts';
import type { SerializerName } from '../protocol/serializer.ts';
import type { AnyResult } from './any-result.ts';
import type { AppPort } from './app-port.ts';
import { type ApplyOptions, NO_KWARGS, NO_OPTIONS } from './apply-options.ts';
import { AsyncResult } from './async-result.ts';
import { jsonOf } from './canvas/canvas.ts';
import { canvasFrom, type StoredCanvas } from './canvas/canvas-from.ts';
import type { Group } from './canvas/group.ts';
import { chunksOf, mapOf } from './canvas/maps.ts';
import type { Immutable, LastArguments, MapItem, WithKwargs } from './canvas/open-arguments.ts';
import { addToChord, replacementFor, sendReplacement } from './canvas/replace.ts';
import { ImmutableSignature, Signature, taskJson } from './canvas/signature.ts';
import type { AnyCanvas, Gives } from './canvas/types.ts';
import { currentContext, directContext, type TaskContext } from './context.ts';
import type { EagerOptions } from './eager-options.ts';
import { callOptionsOf, type RetryOptions } from './retry-options.ts';
import { wrongCall } from './signature-check.ts';
import type { ErrorClass, TaskOptions } from './task-options.ts';

export type { ApplyOptions } from './apply-options.ts';

export interface UpdateStateOptions {
  /** Default: the call that is running. */
  readonly taskId?: string;
  readonly state: string;
  readonly meta?: unknown;
}

/**
 * A task. Write a class with `name` and `run`, or give a function to `app.task`. One instance serves all calls;
 * what belongs to one call is in `request`. Not bound to an app, only `run` works.
 */
export abstract class Task<A extends unknown[] = unknown[], R = unknown> implements TaskOptions {
  abstract readonly name: string;
  bind = false;
  maxRetries: number | null = 3;
  defaultRetryDelay = 180;
  autoretryFor: readonly ErrorClass[] = [];
  dontAutoretryFor: readonly ErrorClass[] = [];
  retryKwargs: NonNullable<TaskOptions['retryKwargs']> = {};
  retryBackoff: boolean | number = false;
  retryBackoffMax = 600;
  retryJitter = true;
  acksLate: boolean | null = null;
  acksOnFailureOrTimeout: boolean | null = null;
  acksOnFailure: boolean | null = null;
  acksOnTimeout: boolean | null = null;
  rejectOnWorkerLost: boolean | null = null;
  ignoreResult: boolean | null = null;
  storeErrorsEvenIfIgnored: boolean | null = null;
  trackStarted: boolean | null = null;
  timeLimit: number | null = null;
  softTimeLimit: number | null = null;
  rateLimit: string | number | null = null;
  queue: string | null = null;
  exchange: string | null = null;
  routingKey: string | null = null;
  priority: number | null = null;
  expires: number | null = null;
  serializer: SerializerName | null = null;
  compression: string | null = null;
  deliveryMode: 1 | 2 | null = null;
  throws: readonly ErrorClass[] = [];
  trail = true;
  sendEvents = true;
  resultreprMaxsize = 1024;
  shadowName: NonNullable<TaskOptions['shadowName']> | null = null;
  typing = true;
  /** Set by the registry. */
  registeredApp: AppPort | null = null;

  abstract run(...args: A): R;

  /** Runs before the body; an error here is a failure of the task. */
  beforeStart(
    _taskId: string,
    _args: readonly unknown[],
    _kwargs: Readonly<Record<string, unknown>>,
  ): unknown {
    return undefined;
  }

  onSuccess(
    _value: unknown,
    _taskId: string,
    _args: readonly unknown[],
    _kwargs: Readonly<Record<string, unknown>>,
  ): unknown {
    return undefined;
  }

  onFailure(
    _error: unknown,
    _taskId: string,
    _args: readonly unknown[],
    _kwargs: Readonly<Record<string, unknown>>,
  ): unknown {
    return undefined;
  }

  onRetry(
    _error: unknown,
    _taskId: string,
    _args: readonly unknown[],
    _kwargs: Readonly<Record<string, unknown>>,
  ): unknown {
    return undefined;
  }

  /** After success or failure; not after a retry. */
  afterReturn(
    _status: string,
    _value: unknown,
    _taskId: string,
    _args: readonly unknown[],
    _kwargs: Readonly<Record<string, unknown>>,
  ): unknown {
    return undefined;
  }

  get app(): AppPort {
    if (this.registeredApp) return this.registeredApp;
    throw new UmbelError(
      'bad_request',
      `The task ${this.name} belongs to no app yet. Register it: app.tasks.register(…).`,
    );
  }

  /** The call that is running. Outside of a task: an empty one with `calledDirectly`. */
  get request(): TaskContext {
    return currentContext() ?? directContext(this.name, []);
  }

  /** Sends a call with these arguments; resolves when the broker has it. Throws TypeError as `typing` says. */
  delay(...args: Parameters<this['run']>): Promise<AsyncResult<Awaited<ReturnType<this['run']>>>>;
  delay(...args: unknown[]): Promise<AsyncResult<unknown>> {
    const wrong = wrongCall(this, args, NO_KWARGS);
    return wrong ? Promise.reject(wrong) : this.app.send(this, args, NO_KWARGS, NO_OPTIONS);
  }

  /** Sends a call with options. Throws `UmbelError`: `bad_request`, or `unavailable` when the broker is away. */
  applyAsync(
    args?: Parameters<this['run']> | readonly [],
    options?: ApplyOptions,
  ): Promise<AsyncResult<Awaited<ReturnType<this['run']>>>>;
  applyAsync(
    args: readonly unknown[] = [],
    options: ApplyOptions = NO_OPTIONS,
  ): Promise<AsyncResult<unknown>> {
    const kwargs = options.kwargs ?? NO_KWARGS;
    const wrong = wrongCall(this, args, kwargs);
    return wrong ? Promise.reject(wrong) : this.app.send(this, args, kwargs, options);
  }

  /** Runs it here and now as a worker would, retries included, and returns its finished result. */
  apply(
    args?: Parameters<this['run']> | readonly [],
    options?: EagerOptions,
  ): Promise<AsyncResult<Awaited<ReturnType<this['run']>>>>;
  apply(args: readonly unknown[] = [], options: EagerOptions = {}): Promise<unknown> {
    return new Signature(this.app, taskJson(this.name, args)).apply([], options);
  }

  /**
   * A call to be made later: `add.s(1, 2)`. Arguments may be left out at the front, for what a chain passes on or the
   * call adds: `chain(add.s(1, 2), add.s(3))`.
   */
  s<G extends LastArguments<Parameters<this['run']>>>(
    ...args: G
  ): Signature<Parameters<this['run']>, G, Awaited<ReturnType<this['run']>>>;
  s(...args: unknown[]): unknown {
    return new Signature(this.registeredApp, taskJson(this.name, args));
  }

  /** The same, but it takes nothing from the step before it. */
  si(...args: Parameters<this['run']>): ImmutableSignature<Awaited<ReturnType<this['run']>>>;
  si(...args: unknown[]): unknown {
    return new ImmutableSignature(this.registeredApp, taskJson(this.name, args, {}, true));
  }

  /** As `s`, with options of the call. With kwargs among them the compiler does not know what is still open. */
  signature(
    args: LastArguments<Parameters<this['run']>>,
    options: ApplyOptions & WithKwargs,
  ): Signature<Parameters<this['run']>, unknown[], Awaited<ReturnType<this['run']>>>;
  signature<G extends LastArguments<Parameters<this['run']>>>(
    args: G,
    options?: ApplyOptions,
  ): Signature<Parameters<this['run']>, G, Awaited<ReturnType<this['run']>>>;
  signature(args: readonly unknown[], options?: ApplyOptions): unknown {
    return new Signature(this.registeredApp, taskJson(this.name, args, options));
  }

  /** One message that runs it for each item, one after the other, and returns the list of values. */
  map(
    items: Iterable<MapItem<Parameters<this['run']>>>,
  ): ImmutableSignature<Awaited<ReturnType<this['run']>>[]>;
  map(items: Iterable<unknown>): unknown {
    return mapOf(this.app, 'celery.map', this.name, items);
  }

  /** As `map`, for items that are lists of arguments. */
  starmap(items: Iterable<Parameters<this['run']>>): ImmutableSignature<Awaited<ReturnType<this['run']>>[]>;
  starmap(items: Iterable<unknown>): unknown {
    return mapOf(this.app, 'celery.starmap', this.name, items);
  }

  /** A group of such messages for `size` lists of arguments each. */
  chunks(
    items: Iterable<Parameters<this['run']>>,
    size: number,
  ): Group<Immutable, Awaited<ReturnType<this['run']>>[][]>;
  chunks(items: Iterable<unknown>, size: number): unknown {
    return chunksOf(this.app, this.name, items, size);
  }

  /** The result of a call that was sent before, by its id. */
  AsyncResult(id: string): AsyncResult<Awaited<ReturnType<this['run']>>> {
    return new AsyncResult(this.app, id);
  }

  /** Runs the body in place, as a plain function call. */
  call(...args: A): R {
    return this.run(...args);
  }

  /**
   * Ends this attempt and runs the task again later, under the same id: it always throws, so `throw this.retry(…)` and
   * `this.retry(…)` do the same. With no attempt left it throws `exc`, or `MaxRetriesExceededError`. With `throw: false` the
   * attempt goes on and ends as it does; the next one is sent then, and the error is returned.
   */
  retry(options: RetryOptions & { readonly throw: false }): Retry;
  retry(options?: RetryOptions): never;
  retry(options: RetryOptions = {}): Retry {
    const { request } = this;
    const { exc = null } = options;
    if (request.calledDirectly) throw exc ?? new Retry('Task can be retried');
    const maxRetries = options.maxRetries === undefined ? this.maxRetries : options.maxRetries;
    const args = options.args ?? request.args;
    const kwargs = options.kwargs ?? request.kwargs;
    if (maxRetries !== null && request.retries + 1 > maxRetries) {
      if (exc !== null) throw exc;
      throw new MaxRetriesExceededError(
        `Can't retry ${this.name}[${request.id}] args:${reprArgs(args)} kwargs:${reprKwargs(kwargs)}`,
      );
    }
    const countdown = options.countdown ?? this.defaultRetryDelay;
    const eta = options.eta ?? new Date(Date.now() + countdown * 1000);
    const isBeside = options.throw === false;
    const given = { eta, countdown: options.eta ? null : countdown };
    request.retryPlan = { args, kwargs, ...given, exc, options: callOptionsOf(options), isBeside };
    const retry = new Retry(`Retry in ${options.eta ? eta.toISOString() : `${countdown}s`}`, exc, eta);
    if (isBeside) return retry;
    throw retry;
  }

  /**
   * Ends this task and sends something else under its id, with all that was to follow: `return this.replace(other.s(1))`.
   * Throws `Ignore`; in eager mode it gives the value.
   */
  replace<S extends AnyCanvas>(by: S): Promise<Gives<S>>;
  async replace(by: AnyCanvas): Promise<unknown> {
    const { app, request } = this;
    return this.onReplace(canvasFrom(app, replacementFor(app, request, jsonOf(by))));
  }

  /**
   * Sends what `replace` made. Override it to change that before: `sig.stamp(…); return super.onReplace(sig);`.
   */
  onReplace(replacement: StoredCanvas): Promise<unknown> {
    return sendReplacement(this.app, this.request, jsonOf(replacement));
  }

  /**
   * Lets the chord that this task is a header member of wait for one more, and sends it. With `lazy` it is only
   * counted: send what is returned, or the chord waits for ever. Needs a backend that counts, such as Redis.
   */
  addToChord(added: AnyCanvas, options: { readonly lazy: true }): Promise<StoredCanvas>;
  addToChord(added: AnyCanvas, options?: { readonly lazy?: false }): Promise<AnyResult>;
  async addToChord(added: AnyCanvas, { lazy = false } = {}): Promise<unknown> {
    const { app, request } = this;
    const member = canvasFrom(app, await addToChord(app, request, jsonOf(added)));
    return lazy ? member : member.applyAsync();
  }

  /**
   * Stores a state of the running call, such as PROGRESS with how far it is, also when its result is ignored. Resolves
   * when stored.
   */
  async updateState({ taskId, state, meta = null }: UpdateStateOptions): Promise<void> {
    const { services, id } = this.request;
    const target = taskId ?? id;
    // A plain call has no id, and so nobody could ask for its state.
    if (target === '') return;
    const value =
      EXCEPTION_STATES.has(state) && meta instanceof Error ? encodeException(meta, this.name) : meta;
    if (services) {
      await services.updateState(target, state, value);
      return;
    }
    const text = composeResult({ taskId: target, status: state, resultText: encodeJson(value) });
    await (await this.app.backend()).store({ taskId: target, text });
  }

  /** Sends an event of its own, such as `task-progress`; monitors show what they know. */
  sendEvent(type: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { services, id } = this.request;
    services?.sendEvent(type, { uuid: id, ...fields });
  }
}
