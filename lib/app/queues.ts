import { UmbelError } from '../contract/errors.ts';
import type { ExchangeType, Queue } from '../transport/transport.ts';
import { uuid } from '../util/clock.ts';
import type { Config } from './config.ts';
import { type QueueFields, type QueueItem, queueArguments, queueTraits } from './queue-settings.ts';

const QUORUM = { 'x-queue-type': 'quorum' };

/**
 * A queue of which every worker that lists it in `task_queues` gets every message (kombu/common.py): route tasks to it by
 * the name given here. Each process that makes one has a queue of its own behind it, which goes away with its worker.
 */
export class Broadcast implements Queue {
  readonly name: string;
  readonly alias: string;
  readonly exchange: string;
  readonly exchangeType = 'fanout';
  readonly autoDelete = true;

  constructor(name: string) {
    this.name = `bcast.${uuid()}`;
    this.alias = name;
    this.exchange = name;
  }
}

/** The queues of the settings by name and by alias, filled in as Celery does (celery/app/amqp.py `Queues`). */
export class Queues {
  readonly #conf: Config;
  readonly #byName = new Map<string, Queue>();
  readonly #byAlias = new Map<string, Queue>();

  constructor(conf: Config) {
    this.#conf = conf;
    for (const queue of readQueues(conf)) {
      this.#byName.set(queue.name, queue);
      if (queue.alias) this.#byAlias.set(queue.alias, queue);
    }
  }

  get list(): readonly Queue[] {
    return [...this.#byName.values()];
  }

  /** Throws `UmbelError('bad_request')` when it is not declared and `task_create_missing_queues` is off. */
  get(name: string): Queue {
    const queue = this.#byAlias.get(name) ?? this.#byName.get(name);
    if (queue) return queue;
    const { task_create_missing_queues: mayCreate, task_create_missing_queue_exchange_type: type } =
      this.#conf;
    if (mayCreate) return plainQueue(this.#conf, name, type ?? 'direct');
    throw new UmbelError(
      'bad_request',
      `There is no queue "${name}" in task_queues, and task_create_missing_queues is off.`,
    );
  }
}

/** The queue of one worker alone (`worker_direct`): `{ exchange: 'C.dq2', routingKey: 'w1@host' }` reaches it. */
export function directQueue(hostname: string): Queue {
  return {
    name: `${hostname}.dq2`,
    exchange: 'C.dq2',
    exchangeType: 'direct',
    routingKey: hostname,
  };
}

function readQueues(conf: Config): Queue[] {
  const { task_queues: queues, task_default_queue: name } = conf;
  const list =
    queues === null
      ? []
      : isList(queues)
        ? queues.map((item) => fromItem(conf, item))
        : fromDict(conf, queues);
  if (list.length > 0) return list;
  const isQuorum = conf.task_default_queue_type === 'quorum';
  return [complete(conf, name, isQuorum ? { arguments: QUORUM } : {}, defaultKey(conf))];
}

function isList(queues: NonNullable<Config['task_queues']>): queues is readonly QueueItem[] {
  return Array.isArray(queues);
}

/** In a list, what a queue leaves out is that of the default queue, as in Celery; a mere name is all its own. */
function fromItem(conf: Config, item: QueueItem): Queue {
  return typeof item === 'string'
    ? plainQueue(conf, item, 'direct')
    : complete(conf, item.name, item, defaultKey(conf));
}

/** In a dict the routing key is the queue's name. */
function fromDict(conf: Config, queues: Readonly<Record<string, QueueFields>>): Queue[] {
  return Object.entries(queues).map(([name, fields]) => complete(conf, name, fields, name));
}

function complete(conf: Config, name: string, fields: QueueFields, fallbackKey: string): Queue {
  const exchangeType = fields.exchangeType ?? fields.exchange_type;
  const own = fields.exchange || (exchangeType ? name : null);
  const declared = withPriority(conf, queueArguments(name, fields));
  return {
    ...queueTraits(name, fields),
    name,
    ...(own ? { exchange: own, exchangeType: exchangeType ?? 'direct' } : defaultExchange(conf)),
    routingKey: fields.routingKey ?? fields.routing_key ?? fields.binding_key ?? fallbackKey,
    ...(declared && { arguments: declared }),
  };
}

function plainQueue(conf: Config, name: string, exchangeType: ExchangeType): Queue {
  const declared = withPriority(conf, conf.task_create_missing_queue_type === 'quorum' ? QUORUM : undefined);
  return {
    name,
    exchange: name,
    exchangeType,
    routingKey: name,
    ...(declared && { arguments: declared }),
  };
}

function withPriority(
  { task_queue_max_priority: priority }: Config,
  given: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined {
  return priority === null ? given : { 'x-max-priority': priority, ...given };
}

function defaultExchange(conf: Config): { exchange: string; exchangeType: ExchangeType } {
  return {
    exchange: conf.task_default_exchange ?? conf.task_default_queue,
    exchangeType: conf.task_default_exchange_type,
  };
}

function defaultKey(conf: Config): string {
  return conf.task_default_routing_key ?? conf.task_default_queue;
}
