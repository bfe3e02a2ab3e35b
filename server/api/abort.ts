import { encodeResult } from '../../lib/protocol/result.ts';
import type { Handler } from '../http/router.ts';
import { param } from './arguments.ts';
import type { ApiContext } from './context.ts';
import { readResult } from './read-result.ts';

/** Sets the state that an abortable task looks for (celery/contrib/abortable.py). */
export const abort: Handler<ApiContext> = async ({ collector }, request) => {
  const taskId = param(request, 'id');
  const text = encodeResult({
    taskId,
    status: 'ABORTED',
    result: null,
    traceback: null,
    children: [],
    dateDone: null,
  });
  await readResult(() => collector.link.backend.store({ taskId, text }));
  return { status: 200, body: { message: `Aborted '${taskId}'` } };
};
