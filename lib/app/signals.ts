import { toError } from '../contract/errors.ts';
import type { TaskRequest } from '../protocol/task-message.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { Logger } from '../util/logger.ts';
import type { Config } from './config.ts';
import type { TaskContext } from './context.ts';
import type { Task } from './task.ts';

/** A call on its way to the broker. What a listener changes in `headers` and `properties` is sent. */
export interface PublishSignal {
  /** Name of the task. */
  readonly sender: string;
  readonly taskId: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly headers: Record<string, unknown>;
  readonly properties: Record<string, unknown>;
  readonly exchange: string;
  readonly routingKey: string;
  /** As far as known. */
  readonly queue: string | null;
}

interface RunSignal {
  /** Name of the task. */
  readonly sender: string;
  readonly taskId: string;
  readonly task: Task;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

interface FailureSignal extends Omit<RunSignal, 'task'> {
  readonly exception: unknown;
  readonly traceback: string | null;
}

interface MessageSignal {
  /** Node name of the worker. */
  readonly sender: string;
  readonly message: WireMessage;
  /** Why it is refused. */
  readonly exc: Error;
}

interface WorkerSignal {
  /** Node name of the worker; of a pool process its own name, such as `ForkPoolWorker-1`. */
  readonly sender: string;
}

/**
 * Celery's signals (celery/signals.py) and what each tells its listeners. Those of running tasks come from the process
 * that runs them: with prefork that is the child.
 */
export interface SignalPayloads {
  before_task_publish: PublishSignal;
  after_task_publish: PublishSignal;
  /** A worker has the message of a task that it knows. */
  task_received: WorkerSignal & { readonly request: TaskRequest };
  task_prerun: RunSignal;
  /** After every run, also of one that retries. `state` is SUCCESS, FAILURE, RETRY, IGNORED or REJECTED. */
  task_postrun: RunSignal & { readonly retval: unknown; readonly state: string };
  task_success: RunSignal & { readonly result: unknown };
  task_retry: RunSignal & {
    readonly request: TaskContext;
    readonly reason: unknown;
    readonly traceback: string | null;
  };
  /** Also when the process of the task died; then it comes from the worker. */
  task_failure: FailureSignal;
  /** A handler of the task has thrown, not its body. */
  task_internal_error: FailureSignal & { readonly request: TaskContext };
  task_revoked: {
    /** Name of the task. */
    readonly sender: string;
    readonly request: TaskRequest;
    readonly terminated: boolean;
    readonly signum: number | null;
    readonly expired: boolean;
  };
  /** No such task is registered. */
  task_unknown: MessageSignal & { readonly name: string; readonly id: string };
  /** The message cannot be read, and is set aside. */
  task_rejected: MessageSignal;
  /** Before a worker reads its settings: `conf` may still be changed. */
  celeryd_init: WorkerSignal & { readonly conf: Config };
  /** The settings of the worker stand. */
  celeryd_after_setup: WorkerSignal & { readonly conf: Config };
  /** Before it connects. */
  worker_init: WorkerSignal;
  worker_ready: WorkerSignal;
  worker_shutting_down: WorkerSignal & { readonly how: 'warm' | 'cold'; readonly exitcode: number };
  worker_shutdown: WorkerSignal;
  /** A process of the pool has loaded the app (with `solo` the worker itself). */
  worker_process_init: WorkerSignal;
  /** A process of the pool is about to end on its own; killed ones cannot tell. */
  worker_process_shutdown: WorkerSignal & { readonly pid: number; readonly exitcode: number };
  heartbeat_sent: WorkerSignal;
}

export type SignalName = keyof SignalPayloads;
export type SignalListener<N extends SignalName> = (payload: SignalPayloads[N]) => unknown;

export interface ListenOptions {
  /** Only signals of this task or worker. */
  readonly sender?: string;
}

interface Entry {
  readonly listener: (payload: never) => unknown;
  readonly sender: string | null;
}

/** Every name; the compiler sees to it that none is missing. */
const NAMES: Readonly<Record<SignalName, true>> = {
  before_task_publish: true,
  after_task_publish: true,
  task_received: true,
  task_prerun: true,
  task_postrun: true,
  task_success: true,
  task_retry: true,
  task_failure: true,
  task_internal_error: true,
  task_revoked: true,
  task_unknown: true,
  task_rejected: true,
  celeryd_init: true,
  celeryd_after_setup: true,
  worker_init: true,
  worker_ready: true,
  worker_shutting_down: true,
  worker_shutdown: true,
  worker_process_init: true,
  worker_process_shutdown: true,
  heartbeat_sent: true,
};

/** The listeners of an app. One that throws is logged and changes nothing else, as in Celery. */
export class Signals {
  readonly #logger: Logger;
  readonly #listeners = new Map<SignalName, readonly Entry[]>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Adds a listener; returns how to remove it. Throws `TypeError` for a name that is none. */
  on<N extends SignalName>(name: N, listener: SignalListener<N>, { sender }: ListenOptions = {}): () => void {
    if (!Object.hasOwn(NAMES, name)) {
      throw new TypeError(`"${name}" is no signal. There are: ${Object.keys(NAMES).join(', ')}.`);
    }
    const entry: Entry = { listener, sender: sender ?? null };
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), entry]);
    return () => {
      const left = (this.#listeners.get(name) ?? []).filter((other) => other !== entry);
      if (left.length > 0) this.#listeners.set(name, left);
      else this.#listeners.delete(name);
    };
  }

  /** Whether anybody listens: ask before making a payload. */
  has(name: SignalName): boolean {
    return this.#listeners.has(name);
  }

  /** Tells the listeners in their order. The promise is there only when one of them is asynchronous; never rejects. */
  send<N extends SignalName>(name: N, payload: SignalPayloads[N]): Promise<void> | undefined {
    const waiting: Promise<void>[] = [];
    for (const { listener, sender } of this.#listeners.get(name) ?? []) {
      if (sender !== null && sender !== payload.sender) continue;
      try {
        const told: unknown = Reflect.apply(listener, undefined, [payload]);
        if (told instanceof Promise) waiting.push(told.then(nothing, (error) => this.#failed(name, error)));
      } catch (error) {
        this.#failed(name, error);
      }
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting).then(nothing);
  }

  #failed(name: SignalName, error: unknown): void {
    this.#logger.error(`A listener to ${name} raised: ${toError(error).stack}`);
  }
}

function nothing(): void {
  // What listeners return means nothing.
}
