import { z } from 'zod';
import type { Vhost } from './shared-rabbitmq.ts';

const Arguments = z.record(z.string(), z.unknown());
const Definitions = z.object({
  queues: z.array(
    z.object({ name: z.string(), durable: z.boolean(), auto_delete: z.boolean(), arguments: Arguments }),
  ),
  exchanges: z.array(z.object({ name: z.string(), type: z.string(), durable: z.boolean() })),
  bindings: z.array(
    z.object({
      source: z.string(),
      destination: z.string(),
      destination_type: z.string(),
      routing_key: z.string(),
      arguments: Arguments,
    }),
  ),
});

/** Everything durable that was declared in a vhost, a line for each, sorted. */
export async function declaredIn({ request, name }: Pick<Vhost, 'request' | 'name'>): Promise<string[]> {
  const { queues, exchanges, bindings } = Definitions.parse(await request('GET', `definitions/${name}`));
  return [
    ...queues.map((queue) => `queue ${queue.name} ${flags(queue)} ${sorted(queue.arguments)}`),
    ...exchanges.map((exchange) => `exchange ${exchange.name} ${exchange.type} ${flags(exchange)}`),
    ...bindings.map(
      ({ source, destination_type: kind, destination, routing_key: key, arguments: given }) =>
        `binding ${source} to ${kind} ${destination} by ${key} ${sorted(given)}`,
    ),
  ].sort();
}

function flags({ durable, auto_delete }: { durable: boolean; auto_delete?: boolean }): string {
  return `${durable ? 'durable' : 'transient'}${auto_delete ? ' auto-delete' : ''}`;
}

function sorted(table: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1))));
}
