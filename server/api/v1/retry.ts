import { z } from 'zod';
import type { RetryAnswer } from '../../../lib/contract/api.ts';
import { UmbelError } from '../../../lib/contract/errors.ts';
import { hasMask } from '../../../lib/util/mask.ts';
import { readArguments } from '../../collector/task-arguments.ts';
import { jsonText } from '../../http/json.ts';
import type { Handler } from '../../http/router.ts';
import { param } from '../arguments.ts';
import type { ApiContext } from '../context.ts';

const bodySchema = z.object({
  args: z.array(z.unknown()).optional(),
  kwargs: z.record(z.string(), z.unknown()).optional(),
});

/** Sends the task again under a new id, to the queue it was in. Arguments that are only guessed are not sent. */
export const retry: Handler<ApiContext> = async ({ collector, sender }, request) => {
  const uuid = param(request, 'id');
  const parsed = bodySchema.safeParse(request.body);
  if (!parsed.success) throw new UmbelError('bad_request', 'args must be a list and kwargs an object.');
  if (hasMask(jsonText(parsed.data))) {
    throw new UmbelError(
      'bad_request',
      'A secret in the arguments is still masked as ********. Write it in.',
    );
  }
  const record = await collector.reader.find(uuid);
  if (record === null) throw new UmbelError('not_found', `Unknown task '${uuid}'`);
  const meta = await collector.resultOf(uuid);
  const { name } = record.facts;
  const queue = record.facts.queue ?? meta?.queue ?? null;
  if (name === null)
    throw new UmbelError('conflict', 'The name of this task is not known, so it cannot be sent again.');
  const known = readArguments(record, meta);
  const isCertain = known.source === 'exact' || known.source === 'text';
  const args = parsed.data.args ?? (isCertain ? known.args : null);
  const kwargs = parsed.data.kwargs ?? (isCertain ? known.kwargs : null);
  if (args === null || kwargs === null) {
    throw new UmbelError(
      'conflict',
      'The arguments are known only in part. Give args and kwargs to send it again.',
    );
  }
  const id = await sender.send({ task: name, args, kwargs, ...(queue === null ? {} : { queue }) });
  const body: RetryAnswer = { 'task-id': id, state: 'PENDING' };
  return { status: 200, body };
};
