import { UmbelError } from '../contract/errors.ts';
import type { ExchangeType, ExtraBinding, Queue } from '../transport/transport.ts';
import { nearestName } from '../util/nearest-name.ts';

/**
 * A queue in `task_queues`: as a transport has it, and with the names of kombu's `Queue` (kombu/entity.py), which
 * Celery's documentation uses. Times are seconds. What says nothing to Redis (arguments, limits, `durable`) is RabbitMQ's.
 */
export interface QueueFields {
  readonly name?: string;
  readonly alias?: string;
  readonly exchange?: string;
  readonly exchangeType?: ExchangeType;
  readonly exchange_type?: ExchangeType;
  readonly routingKey?: string;
  readonly routing_key?: string;
  readonly binding_key?: string;
  /** More bindings than the one of `exchange` and `routing_key`. */
  readonly bindings?: readonly ExtraBinding[];
  readonly binding_arguments?: Readonly<Record<string, unknown>>;
  readonly autoDelete?: boolean;
  readonly auto_delete?: boolean;
  readonly durable?: boolean;
  readonly exclusive?: boolean;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly queue_arguments?: Readonly<Record<string, unknown>>;
  readonly consumer_arguments?: Readonly<Record<string, unknown>>;
  /** Seconds until the queue goes when nobody uses it: `x-expires`. */
  readonly expires?: number;
  /** Seconds that a message may wait: `x-message-ttl`. */
  readonly message_ttl?: number;
  readonly max_length?: number;
  readonly max_length_bytes?: number;
  /** 1 to 255: `x-max-priority`. */
  readonly max_priority?: number;
}

/** An item of the list that `task_queues` may be. */
export type QueueItem = string | (QueueFields & { readonly name: string });

/** Every field; the compiler sees to it that none is missing. */
const FIELD_NAMES: Readonly<Record<keyof QueueFields, true>> = {
  name: true,
  alias: true,
  exchange: true,
  exchangeType: true,
  exchange_type: true,
  routingKey: true,
  routing_key: true,
  binding_key: true,
  bindings: true,
  binding_arguments: true,
  autoDelete: true,
  auto_delete: true,
  durable: true,
  exclusive: true,
  arguments: true,
  queue_arguments: true,
  consumer_arguments: true,
  expires: true,
  message_ttl: true,
  max_length: true,
  max_length_bytes: true,
  max_priority: true,
};

/** Arguments of RabbitMQ that kombu has fields for (kombu/common.py `to_rabbitmq_queue_arguments`), and their unit. */
const ARGUMENT_FIELDS = [
  ['expires', 'x-expires', 1000],
  ['message_ttl', 'x-message-ttl', 1000],
  ['max_length', 'x-max-length', 1],
  ['max_length_bytes', 'x-max-length-bytes', 1],
  ['max_priority', 'x-max-priority', 1],
] as const;

/** Of a queue, all but its exchange, key and arguments. Throws `UmbelError('bad_config')` for a field that there is not. */
export function queueTraits(name: string, fields: QueueFields): Omit<Queue, 'name'> {
  for (const field of Object.keys(fields)) {
    if (Object.hasOwn(FIELD_NAMES, field)) continue;
    const nearest = nearestName(field, Object.keys(FIELD_NAMES));
    throw wrong(`The queue "${name}" in task_queues has the field "${field}". Did you mean "${nearest}"?`);
  }
  const { alias, durable, exclusive, bindings } = fields;
  const autoDelete = fields.autoDelete ?? fields.auto_delete;
  const { binding_arguments: bindingArguments, consumer_arguments: consumerArguments } = fields;
  return {
    ...(alias !== undefined && { alias }),
    ...(autoDelete !== undefined && { autoDelete }),
    ...(durable !== undefined && { durable }),
    ...(exclusive !== undefined && { exclusive }),
    ...(bindings !== undefined && { bindings }),
    ...(bindingArguments !== undefined && { bindingArguments }),
    ...(consumerArguments !== undefined && { consumerArguments }),
  };
}

/** The arguments with which a queue is declared, those that have fields included; undefined for none. */
export function queueArguments(
  name: string,
  fields: QueueFields,
): Readonly<Record<string, unknown>> | undefined {
  const given = fields.arguments ?? fields.queue_arguments;
  const named: Record<string, number> = {};
  for (const [field, argument, unit] of ARGUMENT_FIELDS) {
    const value: unknown = fields[field];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' || !(value >= 0)) {
      throw wrong(`${field} of the queue "${name}" must be a number, not ${JSON.stringify(value)}.`);
    }
    named[argument] = Math.trunc(value * unit);
  }
  return given === undefined && Object.keys(named).length === 0 ? undefined : { ...given, ...named };
}

function wrong(message: string): UmbelError {
  return new UmbelError('bad_config', message);
}
