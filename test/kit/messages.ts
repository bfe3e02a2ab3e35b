import { encodeTaskMessage } from '../../lib/protocol/task-message.ts';
import type { WireMessage } from '../../lib/protocol/wire.ts';
import type { Delivery } from '../../lib/transport/transport.ts';

/** A task message with this id. */
export function taskMessage(id: string, options: { priority?: number; args?: unknown[] } = {}): WireMessage {
  return encodeTaskMessage({
    task: 'tests.echo',
    id,
    args: options.args ?? [id],
    kwargs: {},
    origin: 'gen1@test',
    replyTo: '00000000-0000-4000-8000-000000000000',
    ...(options.priority === undefined ? {} : { priority: options.priority }),
  });
}

export function idOf({ message }: Pick<Delivery, 'message'>): string {
  return String(message.headers['id']);
}

/** Texts `<prefix>0`, `<prefix>1`, … */
export function ids(count: number, prefix = 'id'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}
