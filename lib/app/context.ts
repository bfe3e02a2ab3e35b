import { AsyncLocalStorage } from 'node:async_hooks';
import type { Embed } from '../protocol/signature.ts';
import type { DeliveryInfo, MessageProperties } from '../protocol/wire.ts';
import type { RetryCallOptions } from './retry-options.ts';

/** What a running task may ask of whoever runs it: the worker itself, or over IPC a child of it. */
export interface TaskServices {
  readonly hostname: string;
  /** Aborted when the task should stop: revoked, over its soft limit, or the worker shuts down. */
  readonly signal?: AbortSignal;
  /** Stores a state of a task; `meta` is JSON. */
  updateState(taskId: string, state: string, meta: unknown): Promise<void>;
  sendEvent(type: string, fields: Readonly<Record<string, unknown>>): void;
}

/** Of a call that nobody runs: eagerly, or when it is looked at after its end. */
export const NO_SERVICES: TaskServices = {
  hostname: '',
  updateState: () => Promise.resolve(),
  sendEvent: () => {},
};

/** A retry that the task asked for; it is sent when the task has ended. */
export interface RetryPlan {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly eta: Date;
  /** Seconds, where the time was given so. */
  readonly countdown: number | null;
  readonly exc: unknown;
  /** What it changes of the call. */
  readonly options: RetryCallOptions;
  /** The attempt goes on and has an end of its own. */
  readonly isBeside?: boolean;
}

/** The call that is running: `task.request`. */
export interface TaskContext {
  /** Empty in a plain call. */
  readonly id: string;
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** 0 on the first attempt. */
  readonly retries: number;
  /** ISO 8601. */
  readonly eta: string | null;
  /** ISO 8601. */
  readonly expires: string | null;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly deliveryInfo: DeliveryInfo;
  readonly priority: number;
  readonly hostname: string | null;
  /** Headers that the caller added; null without any. */
  readonly headers: Readonly<Record<string, unknown>> | null;
  readonly isEager: boolean;
  /** True in a plain call, without a message. */
  readonly calledDirectly: boolean;
  readonly replyTo: string | null;
  readonly correlationId: string | null;
  readonly timeLimit: number | null;
  readonly softTimeLimit: number | null;
  readonly origin: string | null;
  readonly shadow: string | null;
  readonly ignoreResult: boolean | null;
  /** How many tasks replaced each other before this one. */
  readonly replacedTaskNesting: number;
  /** Names of the stamps; null without any. */
  readonly stampedHeaders: readonly string[] | null;
  readonly stamps: Readonly<Record<string, unknown>>;
  /** As the sender wrote them; null in a call without a message. */
  readonly argsrepr: string | null;
  readonly kwargsrepr: string | null;
  /** What the broker carried beside the headers: ids, reply queue, priority; null without a message. */
  readonly properties: MessageProperties | null;
  /** Only in messages of protocol 1. */
  readonly utc: boolean | null;
  readonly embed: Embed;
  /** Whether tasks that it sends are noted as its children. */
  readonly trail: boolean;
  /** Aborted when the task should stop. */
  readonly signal: AbortSignal;
  /** Result tuples of the tasks that it started. */
  readonly children: unknown[];
  readonly services: TaskServices | null;
  retryPlan: RetryPlan | null;
}

const storage = new AsyncLocalStorage<TaskContext>();

/** Runs `run` so that `currentContext` finds the context, also after awaits. */
export function runInContext<T>(context: TaskContext, run: () => T): T {
  return storage.run(context, run);
}

/** The call that is running here, if any. */
export function currentContext(): TaskContext | undefined {
  return storage.getStore();
}

/** The context of a call without a message, such as `await addNumbers(1, 2)`. */
export function directContext(task: string, args: readonly unknown[]): TaskContext {
  return {
    id: '',
    task,
    args,
    kwargs: {},
    retries: 0,
    eta: null,
    expires: null,
    rootId: null,
    parentId: null,
    group: null,
    groupIndex: null,
    deliveryInfo: { exchange: '', routing_key: '' },
    priority: 0,
    hostname: null,
    headers: null,
    isEager: false,
    calledDirectly: true,
    replyTo: null,
    correlationId: null,
    timeLimit: null,
    softTimeLimit: null,
    origin: null,
    shadow: null,
    ignoreResult: null,
    replacedTaskNesting: 0,
    stampedHeaders: null,
    stamps: {},
    argsrepr: null,
    kwargsrepr: null,
    properties: null,
    utc: null,
    trail: false,
    embed: { callbacks: null, errbacks: null, chain: null, chord: null },
    signal: new AbortController().signal,
    children: [],
    services: null,
    retryPlan: null,
  };
}
