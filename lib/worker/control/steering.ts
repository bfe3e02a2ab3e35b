import type { Queue } from '../../transport/transport.ts';
import { type Arguments, type ControlCommand, type ControlContext, failed, ok, textOf } from './command.ts';

/** Commands that change the worker while it runs: queues, events, shutdown. */
export const STEERING: Readonly<Record<string, ControlCommand>> = {
  add_consumer: addConsumer,
  cancel_consumer: cancelConsumer,
  active_queues: ({ host }) => host.consumer.queues.map(describeQueue),
  enable_events: ({ host }) =>
    ok(host.events.switch(true) ? 'task events enabled' : 'task events already enabled'),
  disable_events: ({ host }) =>
    ok(host.events.switch(false) ? 'task events disabled' : 'task events already disabled'),
  heartbeat: ({ heartbeat }) => {
    heartbeat.beat();
    return null;
  },
  election: ({ elections }, { id, topic, action }) => {
    elections?.stand(textOf(id, ''), textOf(topic, ''), action);
    return null;
  },
  shutdown: ({ host, shutdown }) => {
    host.logger.warning('Got shutdown from remote');
    shutdown();
    return undefined;
  },
};

function addConsumer({ host, app }: ControlContext, args: Arguments): unknown {
  const name = textOf(args['queue'], '');
  if (name === '') return failed('add_consumer needs the name of a queue');
  if (!host.consumer.queues.some((queue) => queue.name === name)) {
    host.consumer.addQueue({ ...app.router.queue(name), ...queueFieldsOf(args) });
    host.logger.info(`Started consuming from ${name}`);
  }
  return ok(`add consumer ${name}`);
}

/** What the asker says of the queue; the rest is as the settings have it. */
function queueFieldsOf(args: Arguments): Partial<Queue> {
  const { exchange, exchange_type: type, routing_key: routingKey } = args;
  const { auto_delete: autoDelete, queue_arguments: queueArguments } = args;
  return {
    ...(typeof exchange === 'string' && { exchange }),
    ...((type === 'direct' || type === 'topic' || type === 'fanout') && { exchangeType: type }),
    ...(typeof routingKey === 'string' && { routingKey }),
    ...(typeof autoDelete === 'boolean' && { autoDelete }),
    ...(isObject(queueArguments) && { arguments: queueArguments }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function cancelConsumer({ host }: ControlContext, args: Arguments): unknown {
  const name = textOf(args['queue'], '');
  host.consumer.cancelQueue(name);
  host.logger.info(`Canceled queue ${name}`);
  return ok(`no longer consuming from ${name}`);
}

/** A queue in kombu's terms (kombu/entity.py `Queue.as_dict`). */
function describeQueue({
  name,
  exchange,
  exchangeType,
  routingKey,
  alias,
  autoDelete,
  arguments: queueArguments,
}: Queue): Record<string, unknown> {
  return {
    name,
    exchange: {
      name: exchange ?? name,
      type: exchangeType ?? 'direct',
      arguments: null,
      durable: true,
      passive: false,
      auto_delete: false,
      delivery_mode: null,
      no_declare: false,
    },
    routing_key: routingKey ?? name,
    queue_arguments: queueArguments ?? null,
    binding_arguments: null,
    consumer_arguments: null,
    durable: true,
    exclusive: false,
    auto_delete: autoDelete ?? false,
    no_ack: false,
    alias: alias ?? null,
    bindings: [],
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: null,
  };
}
