import { hostname } from 'node:os';
import type { ResultBackend } from '../backend/backend.ts';
import { Control, type RevokeOptions as ControlRevokeOptions } from '../control/control-client.ts';
import type { Mailbox } from '../control/mailbox.ts';
import { decodeSignature, type Signature as SignatureJson } from '../protocol/signature.ts';
import type { TaskCall, TaskRequest } from '../protocol/task-message.ts';
import type { Transport } from '../transport/transport.ts';
import { LamportClock, uuid } from '../util/clock.ts';
import { createLogger, type Logger } from '../util/logger.ts';
import type { AnyResult } from './any-result.ts';
import type { CallableTask } from './app-port.ts';
import { applyConfig } from './apply-config.ts';
import { type ApplyOptions, NO_KWARGS, NO_OPTIONS, type SignatureLike } from './apply-options.ts';
import { AsyncResult } from './async-result.ts';
import { registerBuiltins } from './canvas/builtin-tasks.ts';
import { canvasFrom, type StoredCanvas } from './canvas/canvas-from.ts';
import type { ErrbackArguments } from './canvas/errback-arguments.ts';
import type { GroupResult } from './canvas/group-result.ts';
import { groupFrom, resultFrom } from './canvas/result-from.ts';
import { nodeFromTuple } from './canvas/result-node.ts';
import { Signature, taskJson } from './canvas/signature.ts';
import { groupBackend } from './chord-backend.ts';
import { type CeleryConfig, type Config, defaultConfig } from './config.ts';
import { Connections } from './connections.ts';
import type { RetryPlan, TaskContext } from './context.ts';
import { type Follow, runEagerly } from './eager.ts';
import type { EagerOptions } from './eager-options.ts';
import { callErrback } from './errback.ts';
import {
  type BoundFunction,
  FunctionTask,
  makeCallable,
  type Tail,
  type TaskBody,
  type TaskFunction,
} from './function-task.ts';
import { formatOf, timeZoneOf } from './payload-format.ts';
import { Producer, type Sent } from './producer.ts';
import { Registry } from './registry.ts';
import { retryCall } from './retry-call.ts';
import type { RevokeOptions } from './revoke-options.ts';
import { type RoutedCall, Router } from './router.ts';
import { sentEvent } from './sent-event.ts';
import { type ListenOptions, type SignalListener, type SignalName, Signals } from './signals.ts';
import { wrongCall } from './signature-check.ts';
import type { Task } from './task.ts';
import type { TaskOptions } from './task-options.ts';
import { settingsOf, type TaskSettings } from './task-settings.ts';
import type { TraceApp } from './tracer.ts';

const BRAND: unique symbol = Symbol.for('umbel.Celery');

/**
 * An app: its settings, its tasks, and the connections they share. Connections open on first use;
 * `close()` ends them, so that a script can end.
 */
export class Celery implements TraceApp {
  readonly [BRAND] = true;
  /** Name of the app, as given. */
  readonly main: string;
  readonly conf: Config;
  readonly tasks: Registry;
  readonly router: Router;
  /** What happens to tasks and workers, for who listens: see `on`. */
  readonly signals: Signals;
  /** Lamport clock of this process, for events and remote control. */
  readonly clock: LamportClock;
  /** `gen<pid>@<host>`: how messages and events of this process name their sender. */
  readonly origin: string;
  /** Where replies would be sent: an id of its own. */
  readonly oid: string;
  readonly #connections: Connections;
  readonly #producer: Producer;
  #control: Control | null = null;

  constructor(main: string, config: CeleryConfig = {}, logger: Logger = createLogger()) {
    this.main = main;
    this.conf = defaultConfig();
    applyConfig(this.conf, config);
    this.clock = new LamportClock();
    this.oid = uuid();
    this.origin = `gen${process.pid}@${hostname()}`;
    this.tasks = new Registry(this);
    registerBuiltins(this.tasks);
    this.router = new Router(this.conf);
    this.signals = new Signals(logger);
    this.#connections = new Connections(this.conf, this.clock, this.origin, this.oid, logger);
    this.#producer = new Producer({
      conf: this.conf,
      router: this.router,
      signals: this.signals,
      origin: this.origin,
      oid: this.oid,
      transport: () => this.#connections.senderNow(),
      onSent: (call, routed) => this.#announce(call, routed),
    });
  }

  /** Changes settings: all, or none when it throws `UmbelError('bad_config')` for a name or value of no use. */
  configure(config: CeleryConfig): void {
    applyConfig(this.conf, config);
    if (config.task_annotations !== undefined) this.tasks.annotate();
  }

  /**
   * Listens to one of Celery's signals: `app.on('task_failure', ({ taskId, exception }) => …)`, of one task only with
   * `{ sender: name }`. Returns how to stop. Listeners of running tasks and of workers may be asynchronous and are waited
   * for; one that throws is logged and changes nothing else.
   */
  on<N extends SignalName>(name: N, listener: SignalListener<N>, options?: ListenOptions): () => void {
    return this.signals.on(name, listener, options);
  }

  /**
   * Makes a task of a function. With `bind: true` its first parameter is the task itself; `this` always is.
   * The returned task is called like the function, or sent with `delay` and `applyAsync`. Destructured parameters need
   * a type annotation. Keyword arguments from Python go to parameters by name, or into a last `{ … }` parameter; all of
   * them are in `request.kwargs`. A name that is taken keeps its first task, which is returned, as in Celery.
   */
  task<F extends BoundFunction>(
    name: string,
    options: TaskOptions & { readonly bind: true },
    fn: F,
  ): TaskFunction<Tail<Parameters<F>>, ReturnType<F>>;
  task<F extends TaskBody>(
    name: string,
    options: TaskOptions & { readonly bind?: false },
    fn: F,
  ): TaskFunction<Parameters<F>, ReturnType<F>>;
  task<F extends TaskBody>(
    name: string,
    fn: F,
    options?: TaskOptions & { readonly bind?: false },
  ): TaskFunction<Parameters<F>, ReturnType<F>>;
  task(name: string, first: TaskBody | TaskOptions, second?: TaskBody | TaskOptions): unknown {
    const [fn, options] = typeof first === 'function' ? [first, second] : [second, first];
    if (typeof fn !== 'function') throw new TypeError(`The task ${name} needs a function.`);
    const known = this.tasks.get(name);
    // Those that every app has give way to the user's (celery/app/base.py `_task_from_fun`: they come last there).
    if (known && !name.startsWith('celery.')) return makeCallable(known);
    return this.tasks.register(new FunctionTask(name, fn, typeof options === 'object' ? options : {}));
  }

  /** Sends a call of any task, also of one that only a worker elsewhere knows. */
  async sendTask<R = unknown>(
    name: string,
    args: readonly unknown[] = [],
    options: ApplyOptions = NO_OPTIONS,
  ): Promise<AsyncResult<R>> {
    const task: CallableTask = this.tasks.get(name) ?? { name };
    const sent = this.#producer.send(task, args, options.kwargs ?? NO_KWARGS, options);
    await sent.published;
    return resultOf<R>(this, sent);
  }

  /**
   * A call of any task by its name, to be made later: for tasks that only a worker elsewhere knows. What it returns is
   * yours to say: `app.signature<number>('tasks.add', [1, 2])`. With the JSON of a stored signature in place of a name
   * it is that one again: a chain, group, chord or call.
   */
  signature<R = unknown>(
    name: string,
    args?: readonly unknown[],
    options?: ApplyOptions,
  ): Signature<unknown[], unknown[], R>;
  signature<R = unknown>(stored: SignatureLike): StoredCanvas<R>;
  signature(
    first: string | SignatureLike,
    args: readonly unknown[] = [],
    options: ApplyOptions = NO_OPTIONS,
  ): unknown {
    if (typeof first !== 'string') return canvasFrom(this, decodeSignature(first));
    return new Signature(this, taskJson(first, args, options));
  }

  /** The result of a group that was saved, or null: `await result.save()`, and later `app.restoreGroup(result.id)`. */
  async restoreGroup<T = unknown[]>(id: string): Promise<GroupResult<T> | null> {
    const saved = await groupBackend(await this.backend()).readGroup(id);
    return saved === null ? null : groupFrom(this, nodeFromTuple(saved));
  }

  /** The result that a stored tuple stands for: `[[id, parent], null]`, with members in place of null for a group. */
  resultFromTuple(tuple: unknown): AnyResult {
    return resultFrom(this, nodeFromTuple(tuple));
  }

  /** The result of a call that was sent before, by its id. */
  AsyncResult<R = unknown>(id: string): AsyncResult<R> {
    return new AsyncResult<R>(this, id);
  }

  /** Steers workers: revoke, pool size, consumers, inspect … */
  get control(): Control {
    this.#control ??= new Control(this);
    return this.#control;
  }

  /** The settings that hold for a task: its own, else those of the app. */
  settingsOf(task: Task): TaskSettings {
    return settingsOf(task, this.conf);
  }

  /** The broker, connected. Throws `UmbelError('unavailable')`. */
  transport(): Promise<Transport> {
    return this.#connections.transport();
  }

  /** The result backend, connected. */
  backend(): Promise<ResultBackend> {
    return this.#connections.backend();
  }

  /** URL of the result backend; null when results are not kept. */
  get backendUrl(): string | null {
    return this.#connections.backendUrl;
  }

  /** Names of the queues that the app is configured with. */
  queueNames(): string[] {
    return this.router.queues.map(({ name }) => name);
  }

  mailbox(): Promise<Mailbox> {
    return this.#connections.mailbox();
  }

  /** Closes the connections. Safe to call twice; a later call of a task opens them again. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  /** Sends a call of a task: what `delay` and `applyAsync` do. */
  send(
    task: CallableTask,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: ApplyOptions,
  ): Promise<AsyncResult<unknown>> {
    if (this.conf.task_always_eager && this.tasks.has(task.name)) {
      return new Signature(this, taskJson(task.name, args)).apply([], { ...options, kwargs });
    }
    try {
      const sent = this.#producer.send(task, args, kwargs, options);
      return sent.published.then(() => resultOf(this, sent));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Throws TypeError for arguments that a task registered here cannot take, unless its `typing` is off. */
  checkCall(name: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): void {
    const task = this.tasks.get(name);
    const wrong = task ? wrongCall(task, args, kwargs) : null;
    if (wrong) throw wrong;
  }

  /** Calls an errback that takes (request, exc, traceback) and is registered here; false when it is to be sent. */
  async callErrback(errback: SignatureJson, failure: ErrbackArguments): Promise<boolean> {
    const task = this.tasks.get(errback.task);
    return task ? callErrback(task, errback, failure) : false;
  }

  /** Runs a registered task in this process: what `apply` does. */
  async runNow(
    name: string,
    args: readonly unknown[],
    options: EagerOptions,
    follow?: Follow,
  ): Promise<AsyncResult<unknown>> {
    const task = this.tasks.get(name);
    if (!task) throw new TypeError(`The task ${name} is not registered.`);
    return runEagerly(this, task, args, options, follow);
  }

  /** Sends the running task again: what the tracer does after `task.retry()`. */
  async sendRetry(context: TaskContext, plan: RetryPlan, request: TaskRequest): Promise<void> {
    const { serializer, compression } = plan.options;
    const task = this.tasks.get(request.task);
    const format = formatOf(this.conf, {
      serializer: serializer ?? task?.serializer ?? null,
      compression: compression ?? task?.compression ?? null,
    });
    const { origin, oid, router, conf } = this;
    const sender = { origin, oid, router, timeZone: timeZoneOf(conf) };
    const { call, routed } = retryCall(sender, context, plan, request, format);
    await this.#producer.publishCall(call, routed);
  }

  /** Asks all workers not to run a task: what `result.revoke()` does. */
  async revoke(taskId: string | readonly string[], options: RevokeOptions): Promise<void> {
    await this.control.revoke(taskId, controlOptions(options));
  }

  /** The same for all tasks with one of these stamps. */
  async revokeByStampedHeaders(
    headers: Readonly<Record<string, unknown>>,
    options: RevokeOptions,
  ): Promise<void> {
    await this.control.revokeByStampedHeaders(headers, controlOptions(options));
  }

  /** The call has just been published, so the transport is open; closed since, there is nobody to tell. */
  #announce(call: TaskCall, routed: RoutedCall): void {
    const transport = this.#connections.transportNow();
    if (transport instanceof Promise) return;
    this.#connections.dispatcher(transport).send('task-sent', sentEvent(call, routed));
  }
}

function resultOf<R = unknown>(app: Celery, { id, ignored }: Sent): AsyncResult<R> {
  const result = new AsyncResult<R>(app, id);
  result.ignored = ignored;
  return result;
}

function controlOptions({ wait = false, ...options }: RevokeOptions): ControlRevokeOptions {
  return { ...options, reply: wait };
}

/** Whether a value is an app, of this or another copy of the library. */
export function isCelery(value: unknown): value is Celery {
  return typeof value === 'object' && value !== null && BRAND in value;
}
