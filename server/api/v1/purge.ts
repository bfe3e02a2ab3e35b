import type { PurgeAnswer } from '../../../lib/contract/api.ts';
import { UmbelError } from '../../../lib/contract/errors.ts';
import type { Handler } from '../../http/router.ts';
import { param } from '../arguments.ts';
import type { ApiContext } from '../context.ts';

/** Deletes the messages of a queue that no worker has fetched yet. Those that are unacked stay. */
export const purge: Handler<ApiContext> = async ({ collector: { monitor, link } }, request) => {
  const queue = param(request, 'queue');
  if (!monitor.queues.names().includes(queue)) throw new UmbelError('not_found', `Unknown queue '${queue}'`);
  const body: PurgeAnswer = { queue, deleted: await link.transport.purge(queue) };
  return { status: 200, body };
};
