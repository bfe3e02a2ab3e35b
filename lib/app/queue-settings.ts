import type { ExchangeType, Queue } from '../transport/transport.ts';

/** A queue in `task_queues`, also with the names that Celery's documentation uses. */
export type QueueFields = Omit<Queue, 'name'> & {
  readonly name?: string;
  readonly exchange_type?: ExchangeType;
  readonly routing_key?: string;
  readonly binding_key?: string;
  readonly queue_arguments?: Readonly<Record<string, unknown>>;
};

/** An item of the list that `task_queues` may be. */
export type QueueItem = string | (QueueFields & { readonly name: string });
