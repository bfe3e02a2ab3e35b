import { UmbelError } from '../../lib/contract/errors.ts';
import type { Handler } from '../http/router.ts';
import { param } from './arguments.ts';
import type { ApiContext } from './context.ts';
import { flowerTask } from './flower-task.ts';

export const taskInfo: Handler<ApiContext> = async ({ collector }, request) => {
  const uuid = param(request, 'id');
  const record = await collector.reader.find(uuid);
  if (record === null) throw new UmbelError('not_found', `Unknown task '${uuid}'`);
  return { status: 200, body: flowerTask(record, await collector.reader.childrenOf(uuid)) };
};
