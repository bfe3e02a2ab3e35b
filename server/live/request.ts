import { z } from 'zod';
import { filterFromParams, filterToParams, type TaskFilter } from '../../lib/contract/filters.ts';
import { OVERVIEW_RANGES, type RoomRequest } from '../../lib/contract/live.ts';

const text = z.string().max(500);
const name = z.string().min(1).max(255);
const filter = z
  .object({ state: text, name: text, worker: text, queue: text, text })
  .partial()
  .transform((fields): TaskFilter => {
    const entries = Object.entries(fields).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    return filterFromParams(new URLSearchParams(entries));
  });

const requestSchema = z.discriminatedUnion('room', [
  z.object({ room: z.literal('status') }),
  z.object({ room: z.literal('overview'), range: z.enum(OVERVIEW_RANGES) }),
  z.object({ room: z.literal('tasks'), filter }),
  z.object({ room: z.literal('task'), uuid: name }),
  z.object({ room: z.literal('workers') }),
  z.object({ room: z.literal('worker'), name }),
  z.object({ room: z.literal('queues') }),
]);

/** Reads what a page asks for; null when it makes no sense. */
export function parseRequest(value: unknown): RoomRequest | null {
  const parsed = requestSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** Equal requests have equal keys: their viewers share a room. */
export function keyOf(request: RoomRequest): string {
  switch (request.room) {
    case 'overview':
      return `overview:${request.range}`;
    case 'tasks':
      return `tasks:${filterToParams(request.filter)}`;
    case 'task':
      return `task:${request.uuid}`;
    case 'worker':
      return `worker:${request.name}`;
    default:
      return request.room;
  }
}
