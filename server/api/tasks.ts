import { UmbelError } from '../../lib/contract/errors.ts';
import { filterFromParams } from '../../lib/contract/filters.ts';
import { LIST_ORDERS, type ListOrder, type ListRequest } from '../collector/history/history.ts';
import type { Handler, Request } from '../http/router.ts';
import { argument, integerArgument } from './arguments.ts';
import type { ApiContext } from './context.ts';
import { flowerTask } from './flower-task.ts';

/** Flower has no default limit; one call must not be able to ask for a million rows. */
const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 10_000;

/** Tasks as an object by uuid, in order: newest first unless `sort_by` says otherwise. */
export const tasks: Handler<ApiContext> = async ({ collector }, request) => {
  const records = await collector.reader.list(readRequest(request));
  const children = collector.monitor.tasks;
  return {
    status: 200,
    body: Object.fromEntries(
      records.map((record) => [record.uuid, flowerTask(record, children.childrenOf(record.uuid))]),
    ),
  };
};

function readRequest(request: Request): ListRequest {
  const filter = filterFromParams(
    new URLSearchParams(
      [
        ['name', argument(request, 'taskname')],
        ['worker', argument(request, 'workername')],
        ['state', argument(request, 'state')],
      ].flatMap(([key, value]) => (key && value && value !== 'All' ? [[key, value]] : [])),
    ),
  );
  const sortBy = argument(request, 'sort_by') ?? '-timestamp';
  return {
    filter,
    search: argument(request, 'search') ?? '',
    receivedFrom: localTime(argument(request, 'received_start')),
    receivedTo: localTime(argument(request, 'received_end')),
    order: readOrder(sortBy.replace(/^-/, '')),
    isDescending: sortBy.startsWith('-'),
    offset: integerArgument(request, 'offset', { fallback: 0, min: 0, max: 1e9 }),
    limit: Math.min(
      MAX_LIMIT,
      integerArgument(request, 'limit', { fallback: DEFAULT_LIMIT, min: 0, max: 1e9 }),
    ),
  };
}

function readOrder(name: string): ListOrder {
  const order = LIST_ORDERS.find((known) => known === name);
  if (order === undefined)
    throw new UmbelError(
      'bad_request',
      `sort_by is one of ${LIST_ORDERS.join(', ')}, with - for the reverse.`,
    );
  return order;
}

/** `2026-01-31 10:00` in the server's own time. */
function localTime(text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = /^\d{4}-\d\d-\d\d \d\d:\d\d$/.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(time)) throw new UmbelError('bad_request', 'Times look like 2026-01-31 10:00.');
  return time / 1000;
}
