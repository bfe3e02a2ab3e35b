import type { Destination, ExchangeType, Queue } from '../transport/transport.ts';
import type { CallableTask } from './app-port.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { Config } from './config.ts';
import { Queues } from './queues.ts';
import { RouteTable } from './route-table.ts';
import { type ReadTarget, readTarget } from './routes.ts';

export interface RoutedCall {
  readonly destination: Destination;
  /** The queue's name, as far as known: for task-sent events. */
  readonly queue: string | null;
  readonly priority: number | null;
  /** What the route says besides; the call's own options win. */
  readonly options?: ApplyOptions;
  /** To everybody who listens, not into a queue. */
  readonly isFanout?: boolean;
}

const MAX_CACHED = 10_000;

/**
 * Decides where a call goes: explicit options win over routes, routes over the default queue
 * (celery/app/routes.py; destination rules of celery/app/amqp.py `send_task_message`).
 */
export class Router {
  readonly #conf: Config;
  /** Destinations by task name, as long as no function decides. */
  readonly #cache = new Map<string, RoutedCall>();
  /** Settings as they were when all else here was derived from them. */
  #basis: Config | null = null;
  #routes = new RouteTable(null);
  #queues: Queues;

  constructor(conf: Config) {
    this.#conf = conf;
    this.#queues = new Queues(conf);
  }

  /** Queues that are declared in `task_queues`, and the default one when there are none. */
  get queues(): readonly Queue[] {
    this.#refresh();
    return this.#queues.list;
  }

  /** A queue by name or alias. Throws when it is not declared and `task_create_missing_queues` is off. */
  queue(name: string): Queue {
    this.#refresh();
    return this.#queues.get(name);
  }

  route(
    name: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: ApplyOptions,
    task: CallableTask | null = null,
  ): RoutedCall {
    this.#refresh();
    const { queue, exchange, routingKey } = options;
    const isPlain = queue === undefined && exchange === undefined && routingKey === undefined;
    if (!isPlain || !this.#routes.isFixed) {
      return this.#resolve(readTarget(this.#routes.find(name, args, kwargs, options, task)), options);
    }
    let routed = this.#cache.get(name);
    if (!routed) {
      routed = this.#resolve(readTarget(this.#routes.find(name, args, kwargs, options, task)), options);
      if (this.#cache.size < MAX_CACHED) this.#cache.set(name, routed);
    }
    return routed;
  }

  #resolve(target: ReadTarget, options: ApplyOptions): RoutedCall {
    const queue = this.#queues.get(options.queue ?? target.queue ?? this.#conf.task_default_queue);
    const exchange = options.exchange ?? target.exchange;
    const routingKey = options.routingKey ?? target.routingKey;
    const extra = target.options === null ? null : { options: target.options };
    const priority = target.options?.priority ?? null;
    const type = target.exchangeType ?? queue.exchangeType ?? 'direct';
    // Direct queues are reached by their name over the default exchange.
    if (type === 'direct' && (!exchange || !routingKey)) {
      return {
        destination: { exchange: '', routingKey: queue.name, queue },
        queue: queue.name,
        priority,
        ...extra,
      };
    }
    const destination = namedDestination(queue, type, exchange, routingKey);
    const isFanout = type === 'fanout' && destination.exchange === (queue.exchange ?? queue.name);
    return { destination, queue: queue.alias ?? queue.name, priority, isFanout, ...extra };
  }

  /** Asked for every call, and written out for that: a loop over the names takes several times as long. */
  #isFresh(conf: Config): boolean {
    const basis = this.#basis;
    return (
      basis !== null &&
      basis.task_routes === conf.task_routes &&
      basis.task_queues === conf.task_queues &&
      basis.task_queue_max_priority === conf.task_queue_max_priority &&
      basis.task_default_queue === conf.task_default_queue &&
      basis.task_default_queue_type === conf.task_default_queue_type &&
      basis.task_default_exchange === conf.task_default_exchange &&
      basis.task_default_exchange_type === conf.task_default_exchange_type &&
      basis.task_default_routing_key === conf.task_default_routing_key &&
      basis.task_create_missing_queues === conf.task_create_missing_queues &&
      basis.task_create_missing_queue_type === conf.task_create_missing_queue_type &&
      basis.task_create_missing_queue_exchange_type === conf.task_create_missing_queue_exchange_type
    );
  }

  #refresh(): void {
    const conf = this.#conf;
    if (this.#isFresh(conf)) return;
    this.#routes = new RouteTable(conf.task_routes);
    this.#queues = new Queues(conf);
    this.#cache.clear();
    this.#basis = { ...conf };
  }
}

function namedDestination(
  queue: Queue,
  type: ExchangeType,
  exchange: string | undefined,
  routingKey: string | undefined,
): Destination {
  if (exchange !== undefined) {
    // Not declared: nobody here knows its type.
    return { exchange, routingKey: routingKey ?? '' };
  }
  return {
    exchange: queue.exchange ?? queue.name,
    routingKey: routingKey ?? queue.routingKey ?? queue.name,
    ...(type !== 'fanout' && { queue }),
  };
}
