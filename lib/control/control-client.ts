import type { ExchangeType, Transport } from '../transport/transport.ts';
import { Inspect, type InspectOptions } from './inspect.ts';
import type { BroadcastOptions, ControlReplies, Mailbox } from './mailbox.ts';

export interface RevokeOptions extends ControlOptions {
  /** Also kill the task when it runs already. Default false. */
  readonly terminate?: boolean;
  /** Signal for `terminate`. Default `SIGTERM`. */
  readonly signal?: string;
}

/** Where the queue of `addConsumer` gets its messages from, when the workers do not know it. */
export interface ConsumerOptions extends ControlOptions {
  /** Default: the name of the queue. */
  readonly exchange?: string;
  /** Default `direct`. */
  readonly exchangeType?: ExchangeType;
  /** Default: the name of the queue. */
  readonly routingKey?: string;
}

export interface ControlOptions {
  /** Node names; everybody when absent. */
  readonly destination?: readonly string[];
  /** Wait for what the workers say. Default false: the promise resolves when the command is sent. */
  readonly reply?: boolean;
  /** Seconds to wait for replies. Default 1. */
  readonly timeout?: number;
}

/** What remote control needs of an app. */
interface ControlApp {
  mailbox(): Promise<Mailbox>;
  transport(): Promise<Transport>;
  queueNames(): string[];
}

/** Changes running workers (celery/app/control.py `Control`). */
export class Control {
  readonly #app: ControlApp;

  constructor(app: ControlApp) {
    this.#app = app;
  }

  /** Asks all workers, or some. */
  inspect(options?: InspectOptions): Inspect {
    return new Inspect(() => this.#app.mailbox(), options);
  }

  /** Sends any command, also one this class does not know. */
  async broadcast(method: string, options: BroadcastOptions = {}): Promise<ControlReplies> {
    const mailbox = await this.#app.mailbox();
    return mailbox.broadcast(method, options);
  }

  /** Tells all workers not to start a task, or tasks; with `terminate` to kill it when it runs. */
  revoke(taskId: string | readonly string[], options: RevokeOptions = {}): Promise<ControlReplies> {
    const { terminate = false, signal = 'SIGTERM' } = options;
    return this.#command('revoke', { task_id: taskId, terminate, signal }, options);
  }

  /** The same for all tasks with one of these stamps: `{ customer: 'acme' }`, or a list of values. */
  revokeByStampedHeaders(
    headers: Readonly<Record<string, unknown>>,
    options: RevokeOptions = {},
  ): Promise<ControlReplies> {
    const { terminate = false, signal = 'SIGTERM' } = options;
    return this.#command('revoke_by_stamped_headers', { headers, terminate, signal }, options);
  }

  /** Ends a running task, or tasks: `revoke` with `terminate`. */
  terminate(
    taskId: string | readonly string[],
    options: Omit<RevokeOptions, 'terminate'> = {},
  ): Promise<ControlReplies> {
    return this.revoke(taskId, { ...options, terminate: true });
  }

  ping(options: ControlOptions = {}): Promise<ControlReplies> {
    return this.#command('ping', {}, { reply: true, ...options });
  }

  poolGrow(n = 1, options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('pool_grow', { n }, options);
  }

  poolShrink(n = 1, options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('pool_shrink', { n }, options);
  }

  /** Makes pools as large as this. Not a command of Celery: Python's workers do not know it. */
  concurrency(n: number, options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('concurrency', { n }, options);
  }

  /** Changes the bounds of workers that were started with `--autoscale`. */
  autoscale(max: number, min: number, options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('autoscale', { max, min }, options);
  }

  /** New processes or threads, with the code as it is now; needs the setting `worker_pool_restarts`. */
  poolRestart(options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('pool_restart', { modules: null, reload: false, reloader: null }, options);
  }

  /** Starts consuming a queue: one that the workers know, or a new one. */
  addConsumer(queue: string, options: ConsumerOptions = {}): Promise<ControlReplies> {
    const { exchange = null, exchangeType = null, routingKey = null } = options;
    return this.#command(
      'add_consumer',
      { queue, exchange, exchange_type: exchangeType, routing_key: routingKey },
      options,
    );
  }

  cancelConsumer(queue: string, options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('cancel_consumer', { queue }, options);
  }

  enableEvents(options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('enable_events', {}, options);
  }

  disableEvents(options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('disable_events', {}, options);
  }

  /** `rate` such as `10/m`, `5/s` or `100/h`; `0` lifts the limit. */
  rateLimit(taskName: string, rate: string | number, options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('rate_limit', { task_name: taskName, rate_limit: rate }, options);
  }

  /** Limits in seconds; null lifts one. */
  timeLimit(
    taskName: string,
    limits: { readonly soft?: number | null; readonly hard?: number | null },
    options?: ControlOptions,
  ): Promise<ControlReplies> {
    const { soft = null, hard = null } = limits;
    return this.#command('time_limit', { task_name: taskName, soft, hard }, options);
  }

  /**
   * Deletes the waiting messages of queues, by default of those that the app is configured with; they cannot be
   * brought back. Returns how many.
   */
  async purge(queues: readonly string[] = this.#app.queueNames()): Promise<number> {
    const transport = await this.#app.transport();
    let purged = 0;
    for (const name of queues) purged += await transport.purge(name);
    return purged;
  }

  /** Asks every worker for a heartbeat event now. */
  heartbeat(options?: ControlOptions): Promise<ControlReplies> {
    return this.#command('heartbeat', {}, options);
  }

  /**
   * Lets the workers elect one of them to act: with topic `task` it sends the signature `action`.
   * A Python worker that is alone ends itself over it, and any that listens to no gossip takes no part.
   */
  election(
    id: string,
    topic: string,
    action: unknown,
    options: Pick<ControlOptions, 'destination'> = {},
  ): Promise<ControlReplies> {
    return this.#command('election', { id, topic, action }, options);
  }

  /** Warm shutdown. Workers never reply to it. */
  shutdown(options: Pick<ControlOptions, 'destination'> = {}): Promise<ControlReplies> {
    return this.#command('shutdown', {}, options);
  }

  #command(
    method: string,
    args: Record<string, unknown>,
    options: ControlOptions = {},
  ): Promise<ControlReplies> {
    const { destination, reply = false, timeout } = options;
    return this.broadcast(method, {
      arguments: args,
      reply,
      ...(destination && { destination }),
      ...(timeout !== undefined && { timeoutMs: timeout * 1000 }),
    });
  }
}
