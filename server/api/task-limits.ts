import { UmbelError } from '../../lib/contract/errors.ts';
import type { Answer, Handler, Request } from '../http/router.ts';
import { argument, demandArgument, param, secondsArgument } from './arguments.ts';
import type { ApiContext } from './context.ts';

/** Sets a limit of a task on one worker; the worker's own words are the answer. */
async function setLimit(
  { desk }: ApiContext,
  request: Request,
  method: string,
  args: Readonly<Record<string, unknown>>,
  failed: string,
): Promise<Answer> {
  const task = param(request, 'name');
  const worker = demandArgument(request, 'workername');
  desk.demandWorker(worker);
  desk.demandTask(task);
  const answer = await desk.ask(worker, method, { task_name: task, ...args });
  if (!answer.ok) throw new UmbelError('forbidden', `${failed}: '${answer.text}'`);
  return { status: 200, body: { message: answer.text } };
}

export const rateLimit: Handler<ApiContext> = (context, request) =>
  setLimit(
    context,
    request,
    'rate_limit',
    { rate_limit: demandArgument(request, 'ratelimit') },
    'Failed to set rate limit',
  );

export const timeLimit: Handler<ApiContext> = (context, request) => {
  const soft = secondsArgument(request, 'soft') ?? null;
  const hard = secondsArgument(request, 'hard') ?? null;
  if (argument(request, 'soft') === undefined && argument(request, 'hard') === undefined) {
    throw new UmbelError('bad_request', 'Give soft, hard or both, in seconds.');
  }
  return setLimit(context, request, 'time_limit', { soft, hard }, 'Failed to set timeouts');
};
