import { setTimeout as sleep } from 'node:timers/promises';
import { UmbelError } from '../contract/errors.ts';
import { type Embed, encodeSignature, type Signature } from '../protocol/signature.ts';
import { encodeTaskMessage, type TaskCall } from '../protocol/task-message.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { Transport } from '../transport/transport.ts';
import { uuid } from '../util/clock.ts';
import type { CallableTask } from './app-port.ts';
import {
  type ApplyOptions,
  checkOptions,
  etaText,
  expiryOf,
  NO_OPTIONS,
  type RetryPolicy,
  type SignatureLike,
} from './apply-options.ts';
import type { Config } from './config.ts';
import { currentContext, type TaskContext } from './context.ts';
import { formatOf, timeZoneOf } from './payload-format.ts';
import type { RoutedCall, Router } from './router.ts';
import type { PublishSignal, Signals } from './signals.ts';

export interface ProducerParts {
  readonly conf: Config;
  readonly router: Router;
  readonly signals: Signals;
  /** The started transport, or a promise of it on first use. */
  readonly transport: () => Transport | Promise<Transport>;
  /** `gen<pid>@<host>` */
  readonly origin: string;
  /** The app's own id, by which replies would find it. */
  readonly oid: string;
  /** Told of each call that is sent, when `task_send_sent_event` is on. */
  readonly onSent: (call: TaskCall, routed: RoutedCall, message: WireMessage) => void;
}

/** A call on its way. */
export interface Sent {
  readonly id: string;
  /** Its result will not be stored. */
  readonly ignored: boolean;
  /** Resolves when the broker has it. */
  readonly published: Promise<void>;
}

/** Turns calls into messages and publishes them (celery/app/amqp.py `Producer`). */
export class Producer {
  readonly #parts: ProducerParts;

  constructor(parts: ProducerParts) {
    this.#parts = parts;
  }

  /** Sends a call. */
  send(
    task: CallableTask,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: ApplyOptions,
  ): Sent {
    const context = currentContext();
    const merging = withPriority(task, mergeOptions(task, options), this.#parts.conf);
    const own = withShadow(task, args, kwargs, merging);
    const routed = this.#parts.router.route(own.routeName ?? task.name, args, kwargs, own, task);
    const merged = routed.options === undefined ? own : { ...routed.options, ...own };
    const id = merged.taskId ?? uuid();
    const call = this.#makeCall(id, task.name, args, kwargs, merged, routed, context);
    const published = this.publishCall(call, routed, merged);
    // Only now: what could not be written is nobody's child.
    if (context?.trail === true && merged.addToParent !== false) {
      context.children.push([[id, null], null]);
    }
    return { id, ignored: call.ignoreResult ?? false, published };
  }

  /** Publishes a call that is complete, such as a retry. */
  publishCall(call: TaskCall, routed: RoutedCall, options: ApplyOptions = NO_OPTIONS): Promise<void> {
    const { conf, onSent, signals } = this.#parts;
    const message = encodeTaskMessage(call);
    if (signals.has('before_task_publish')) {
      // The message is on its way when this call returns: who is asynchronous changes nothing in it.
      void signals.send('before_task_publish', publishSignal(call, routed, message));
    }
    const published = this.#publish(routed, message, options);
    const isHeard = signals.has('after_task_publish');
    if (!conf.task_send_sent_event && !isHeard) return published;
    return published.then(async () => {
      if (conf.task_send_sent_event) onSent(call, routed, message);
      if (isHeard) await signals.send('after_task_publish', publishSignal(call, routed, message));
    });
  }

  /** A call with the sender's identity, its times made absolute. */
  #makeCall(
    id: string,
    task: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: ApplyOptions,
    routed: RoutedCall,
    context: TaskContext | undefined,
  ): TaskCall {
    const { conf, origin, oid } = this.#parts;
    const parent = context !== undefined && !context.calledDirectly ? context : null;
    const inherited = parent !== null && conf.task_inherit_parent_priority ? parent.priority : null;
    const base = {
      task,
      id,
      args,
      kwargs,
      origin,
      replyTo: options.replyTo ?? oid,
      rootId: options.rootId ?? parent?.rootId ?? id,
      parentId: options.parentId ?? parent?.id ?? null,
      priority: options.priority ?? routed.priority ?? inherited ?? conf.task_default_priority ?? 0,
      ignoreResult: options.ignoreResult ?? conf.task_ignore_result,
      deliveryMode: options.deliveryMode ?? conf.task_default_delivery_mode,
      format: formatOf(conf, options),
    };
    return options === NO_OPTIONS ? base : { ...base, ...callOptions(options, timeZoneOf(conf)) };
  }

  #publish(routed: RoutedCall, message: WireMessage, options: ApplyOptions): Promise<void> {
    const transport = this.#parts.transport();
    if (!(transport instanceof Promise)) return publishOn(transport, routed, message);
    const { task_publish_retry: isRetried } = this.#parts.conf;
    const connected =
      (options.retry ?? isRetried)
        ? transport.catch((error: unknown) => this.#connectAgain(options, error))
        : transport;
    return connected.then((started) => publishOn(started, routed, message));
  }

  /**
   * The broker may be away for a moment (celery: `task_publish_retry_policy`). Only connecting is tried again here: a
   * message that was sent may have arrived although nobody said so, and another copy of it would run twice.
   */
  async #connectAgain(options: ApplyOptions, firstError: unknown): Promise<Transport> {
    const policy: RetryPolicy = { ...this.#parts.conf.task_publish_retry_policy, ...options.retryPolicy };
    const { maxRetries = 3, intervalStart = 0, intervalStep = 0.2, intervalMax = 1 } = policy;
    let error = firstError;
    for (let attempt = 0; maxRetries === null || attempt < maxRetries; attempt += 1) {
      if (!(error instanceof UmbelError && error.code === 'unavailable')) break;
      await sleep(Math.min(intervalStart + attempt * intervalStep, intervalMax) * 1000);
      try {
        return await this.#parts.transport();
      } catch (again) {
        error = again;
      }
    }
    throw error;
  }
}

function publishSignal(
  call: TaskCall,
  { destination, queue }: RoutedCall,
  message: WireMessage,
): PublishSignal {
  const { task, id, args, kwargs } = call;
  const { headers, properties } = message;
  return { sender: task, taskId: id, args, kwargs, headers, properties, ...destination, queue };
}

function publishOn(transport: Transport, routed: RoutedCall, message: WireMessage): Promise<void> {
  const { destination, isFanout } = routed;
  return isFanout
    ? transport.broadcast(destination.exchange, destination.routingKey, message).then(() => {})
    : transport.publish(destination, message);
}

/** Options of a task that its calls begin with. */
const OWN = [
  'priority',
  'expires',
  'ignoreResult',
  'timeLimit',
  'softTimeLimit',
  'serializer',
  'compression',
  'deliveryMode',
] as const;
const DESTINATION = ['queue', 'exchange', 'routingKey'] as const;

/** The task's own options under those of the call; the common call has none and costs nothing. */
function mergeOptions(task: CallableTask, options: ApplyOptions): ApplyOptions {
  if (isPlain(task)) {
    if (options !== NO_OPTIONS) checkOptions(options);
    return options;
  }
  const isRouted = DESTINATION.some((name) => options[name] !== undefined);
  const names = isRouted ? OWN : [...OWN, ...DESTINATION];
  const own = names.filter((name) => isSet(task[name])).map((name) => [name, task[name]]);
  const merged: ApplyOptions = { ...Object.fromEntries(own), ...options };
  checkOptions(merged);
  return merged;
}

/** As Celery's, a task that is registered here has `task_default_priority` for its own: no route changes it. */
function withPriority(
  task: CallableTask,
  options: ApplyOptions,
  { task_default_priority: usual }: Config,
): ApplyOptions {
  const isOpen = usual !== null && task.priority === null && options.priority === undefined;
  return isOpen ? { ...options, priority: usual } : options;
}

function withShadow(
  task: CallableTask,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  options: ApplyOptions,
): ApplyOptions {
  if (!task.shadowName || options.shadow !== undefined) return options;
  const shadow = task.shadowName(args, kwargs, options);
  return shadow ? { ...options, shadow } : options;
}

/** It sets none of `OWN` and `DESTINATION`. Written out, because every call asks it. */
function isPlain(task: CallableTask): boolean {
  return (
    task.priority == null &&
    task.expires == null &&
    task.ignoreResult == null &&
    task.timeLimit == null &&
    task.softTimeLimit == null &&
    task.serializer == null &&
    task.compression == null &&
    task.deliveryMode == null &&
    task.queue == null &&
    task.exchange == null &&
    task.routingKey == null
  );
}

function isSet(value: unknown): boolean {
  return value !== null && value !== undefined;
}

function callOptions(options: ApplyOptions, timeZone: string): Partial<TaskCall> {
  const { shadow, group, groupIndex, timeLimit, softTimeLimit, headers, argsrepr, kwargsrepr } = options;
  const { stampedHeaders, stamps, replacedTaskNesting } = options;
  const expiry = expiryOf(options.expires, timeZone);
  const embed = embedOf(options);
  return {
    eta: etaText(options, timeZone),
    expires: expiry?.text ?? null,
    expirationMs: expiry?.expirationMs ?? null,
    shadow: shadow ?? null,
    group: group ?? null,
    groupIndex: groupIndex ?? null,
    timeLimit: timeLimit ?? null,
    softTimeLimit: softTimeLimit ?? null,
    ...(headers && { headers }),
    ...(argsrepr !== undefined && { argsrepr }),
    ...(kwargsrepr !== undefined && { kwargsrepr }),
    ...(stampedHeaders && { stampedHeaders, stamps: stamps ?? {} }),
    ...(replacedTaskNesting && { replacedTaskNesting }),
    ...(embed && { embed }),
  };
}

function embedOf({ link, linkError, chain, chord }: ApplyOptions): Partial<Embed> | null {
  if (!link && !linkError && !chain && !chord) return null;
  return {
    callbacks: signatures(link),
    errbacks: signatures(linkError),
    chain: chain ?? null,
    chord: chord ?? null,
  };
}

function signatures(value: ApplyOptions['link']): Signature[] | null {
  if (!value) return null;
  return (isList(value) ? value : [value]).map((signature) => encodeSignature(signature));
}

function isList(value: SignatureLike | readonly SignatureLike[]): value is readonly SignatureLike[] {
  return Array.isArray(value);
}
