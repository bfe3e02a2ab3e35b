import { UmbelError } from '../../lib/contract/errors.ts';
import { encodeResult } from '../../lib/protocol/result.ts';
import { within } from '../../lib/util/within.ts';
import type { Handler } from '../http/router.ts';
import { param } from './arguments.ts';
import type { ApiContext } from './context.ts';
import { readResult } from './read-result.ts';

const PATIENCE_MS = 10_000;

const notYet = (): UmbelError =>
  new UmbelError('timeout', 'no answer yet; the task is aborted once it is back');

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
  // A store that is away is tried for ever; the caller does not wait so long.
  await readResult(() => within(collector.link.backend.store({ taskId, text }), PATIENCE_MS, notYet));
  return { status: 200, body: { message: `Aborted '${taskId}'` } };
};
