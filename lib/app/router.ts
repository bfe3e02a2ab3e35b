import { UmbelError } from '../contract/errors.ts';
import { globSource } from '../protocol/control.ts';
import type { Destination, Queue } from '../transport/transport.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { Config } from './config.ts';
import type { Route, RouteFunction, RouteTarget } from './routes.ts';

export interface RoutedCall {
  readonly destination: Destination;
  /** The queue's name, as far as known: for task-sent events. */
  readonly queue: string | null;
  readonly priority: number | null;
  /** To everybody who listens, not into a queue. */
  readonly isFanout?: boolean;
}

interface Target {
  queue?: string | undefined;
  exchange?: string | undefined;
  routingKey?: string | undefined;
  priority?: number | undefined;
}

/**
 * Decides where a call goes: explicit options win over routes, routes over the default queue
 * (celery/app/routes.py; destination rules of celery/app/amqp.py `send_task_message`).
 */
export class Router {
  readonly #conf: Config;
  /** Routes by task name, as long as no function decides and no setting was replaced. */
  readonly #cache = new Map<string, RoutedCall>();
  #basis: readonly unknown[] = [];
  #routes: readonly Route[] = [];
  #queues = new Map<string, Queue>();
  #isCacheable = true;

  constructor(conf: Config) {
    this.#conf = conf;
  }

  /** Queues that are declared in `task_queues`, and the default one when there are none. */
  get queues(): readonly Queue[] {
    this.#refresh();
    return [...this.#queues.values()];
  }

  /** A queue by name. Throws when it is not declared and `task_create_missing_queues` is off. */
  queue(name: string): Queue {
    this.#refresh();
    const queue = this.#queues.get(name);
    if (queue) return queue;
    if (this.#conf.task_create_missing_queues) return { name };
    throw new UmbelError(
      'bad_request',
      `There is no queue "${name}" in task_queues, and task_create_missing_queues is off.`,
    );
  }

  route(
    task: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: ApplyOptions,
  ): RoutedCall {
    this.#refresh();
    const { queue, exchange, routingKey } = options;
    const isPlain = queue === undefined && exchange === undefined && routingKey === undefined;
    if (!isPlain || !this.#isCacheable) return this.#resolve(this.#target(task, args, kwargs), options);
    let routed = this.#cache.get(task);
    if (!routed) {
      routed = this.#resolve(this.#target(task, args, kwargs), options);
      if (this.#cache.size < 10_000) this.#cache.set(task, routed);
    }
    return routed;
  }

  #resolve(target: Target, options: ApplyOptions): RoutedCall {
    const queueName = options.queue ?? target.queue;
    const exchange = options.exchange ?? target.exchange;
    const routingKey = options.routingKey ?? target.routingKey;
    const priority = target.priority ?? null;
    if (exchange !== undefined && (routingKey !== undefined || queueName === undefined)) {
      const key = routingKey ?? this.#conf.task_default_routing_key ?? this.#conf.task_default_queue;
      return { destination: { exchange, routingKey: key }, queue: queueName ?? null, priority };
    }
    const queue = this.queue(queueName ?? this.#conf.task_default_queue);
    const destination = this.#destination(queue, exchange, routingKey);
    return { destination, queue: queue.name, priority, isFanout: queue.exchangeType === 'fanout' };
  }

  /** Direct queues are reached by their name over the default exchange. */
  #destination(queue: Queue, exchange: string | undefined, routingKey: string | undefined): Destination {
    const { name, exchangeType = 'direct' } = queue;
    if (exchangeType === 'direct') return { exchange: '', routingKey: name };
    const key = routingKey ?? queue.routingKey ?? this.#conf.task_default_routing_key;
    return { exchange: exchange ?? queue.exchange ?? name, routingKey: key ?? name };
  }

  #target(task: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): Target {
    for (const route of this.#routes) {
      const found = typeof route === 'function' ? route(task, args, kwargs) : lookUp(route, task);
      if (typeof found === 'string') return { queue: found };
      if (found) return { ...found, routingKey: found.routingKey ?? found.routing_key };
    }
    return {};
  }

  #refresh(): void {
    const { task_routes, task_queues, task_default_queue, task_create_missing_queues } = this.#conf;
    const [routes, queues, defaultQueue, mayCreate] = this.#basis;
    if (
      routes === task_routes &&
      queues === task_queues &&
      defaultQueue === task_default_queue &&
      mayCreate === task_create_missing_queues
    ) {
      return;
    }
    this.#basis = [task_routes, task_queues, task_default_queue, task_create_missing_queues];
    this.#cache.clear();
    this.#routes = readRoutes(task_routes);
    this.#isCacheable = this.#routes.every((route) => typeof route !== 'function');
    this.#queues = new Map(readQueues(this.#conf).map((queue) => [queue.name, queue]));
  }
}

function readRoutes(routes: Config['task_routes']): readonly Route[] {
  if (routes === null) return [];
  if (!isList(routes)) return [routes];
  // A list of pairs is one route, a list of anything else is several.
  return routes.every((route) => Array.isArray(route) && !Array.isArray(route[0]))
    ? [asPairs(routes)]
    : routes;
}

function isList(routes: Route | readonly Route[]): routes is readonly Route[] {
  return Array.isArray(routes);
}

function asPairs(routes: readonly Route[]): Route {
  const pairs: [string | RegExp, RouteTarget][] = [];
  for (const route of routes) {
    if (!Array.isArray(route)) continue;
    const [pattern, target]: unknown[] = route;
    if ((typeof pattern === 'string' || pattern instanceof RegExp) && isTarget(target)) {
      pairs.push([pattern, target]);
    }
  }
  return pairs;
}

function isTarget(value: unknown): value is RouteTarget {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

/** Exact names first, then patterns in order. */
function lookUp(route: Exclude<Route, RouteFunction>, task: string): RouteTarget | undefined {
  const pairs: readonly (readonly [string | RegExp, RouteTarget])[] = isPairs(route)
    ? route
    : Object.entries(route);
  const exact = pairs.find(([name]) => name === task);
  return (exact ?? pairs.find(([pattern]) => matches(pattern, task)))?.[1];
}

function isPairs(
  route: Exclude<Route, RouteFunction>,
): route is readonly (readonly [string | RegExp, RouteTarget])[] {
  return Array.isArray(route);
}

function matches(pattern: string | RegExp, task: string): boolean {
  if (pattern instanceof RegExp) return new RegExp(`^(?:${pattern.source})`, pattern.flags).test(task);
  return pattern.includes('*') && new RegExp(globSource(pattern)).test(task);
}

function readQueues(conf: Config): Queue[] {
  const { task_queues: queues } = conf;
  if (queues === null) return [defaultQueue(conf)];
  const list = isQueueList(queues)
    ? queues.map((queue) => (typeof queue === 'string' ? { name: queue } : queue))
    : Object.entries(queues).map(([name, queue]) => ({ ...queue, name }));
  return list.length > 0 ? list : [defaultQueue(conf)];
}

function isQueueList(queues: NonNullable<Config['task_queues']>): queues is readonly (Queue | string)[] {
  return Array.isArray(queues);
}

function defaultQueue(conf: Config): Queue {
  const { task_default_queue: name, task_default_exchange: exchange } = conf;
  return {
    name,
    exchange: exchange ?? name,
    exchangeType: conf.task_default_exchange_type,
    routingKey: conf.task_default_routing_key ?? name,
  };
}
