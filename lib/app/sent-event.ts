import { reprArgs, reprKwargs } from '../protocol/repr.ts';
import type { TaskCall } from '../protocol/task-message.ts';
import type { RoutedCall } from './router.ts';

/** Fields of task-sent (celery/app/amqp.py), and the stamps. */
export function sentEvent(call: TaskCall, { destination, queue }: RoutedCall): Record<string, unknown> {
  return {
    uuid: call.id,
    root_id: call.rootId ?? call.id,
    parent_id: call.parentId ?? null,
    name: call.shadow ?? call.task,
    args: reprArgs(call.args),
    kwargs: reprKwargs(call.kwargs),
    retries: call.retries ?? 0,
    eta: call.eta ?? null,
    expires: call.expires ?? null,
    queue,
    exchange: destination.exchange,
    routing_key: destination.routingKey,
    ...(call.stampedHeaders?.length && { stamped_headers: call.stampedHeaders, stamps: call.stamps ?? {} }),
  };
}
