import { UmbelError } from '../../lib/contract/errors.ts';
import type { Answer, Handler, Request } from '../http/router.ts';
import { demandArgument, integerArgument, param } from './arguments.ts';
import type { ApiContext } from './context.ts';

const MAX_CHANGE = 1000;

/** Asks the worker of the path; a refusal is 403 with the worker's own words, as Flower has it. */
async function ask(
  { desk }: ApiContext,
  request: Request,
  method: string,
  args: Readonly<Record<string, unknown>>,
  texts: {
    readonly done: (worker: string, answer: string) => string;
    readonly failed: (worker: string) => string;
  },
): Promise<Answer> {
  const worker = param(request, 'worker');
  desk.demandWorker(worker);
  const answer = await desk.ask(worker, method, args);
  if (!answer.ok) throw new UmbelError('forbidden', `${texts.failed(worker)}: ${answer.text}`);
  return { status: 200, body: { message: texts.done(worker, answer.text) } };
}

export const poolGrow: Handler<ApiContext> = (context, request) => {
  const n = integerArgument(request, 'n', { fallback: 1, min: 1, max: MAX_CHANGE });
  return ask(
    context,
    request,
    'pool_grow',
    { n },
    {
      done: (worker) => `Growing '${worker}' worker's pool by ${n}`,
      failed: (worker) => `Failed to grow '${worker}' worker's pool`,
    },
  );
};

export const poolShrink: Handler<ApiContext> = (context, request) => {
  const n = integerArgument(request, 'n', { fallback: 1, min: 1, max: MAX_CHANGE });
  return ask(
    context,
    request,
    'pool_shrink',
    { n },
    {
      done: (worker) => `Shrinking '${worker}' worker's pool by ${n}`,
      failed: (worker) => `Failed to shrink '${worker}' worker's pool`,
    },
  );
};

export const poolRestart: Handler<ApiContext> = (context, request) =>
  ask(
    context,
    request,
    'pool_restart',
    { reload: false },
    {
      done: (worker) => `Restarting '${worker}' worker's pool`,
      failed: (worker) => `Failed to restart the '${worker}' pool`,
    },
  );

export const poolAutoscale: Handler<ApiContext> = (context, request) => {
  const min = integerArgument(request, 'min', { fallback: Number.NaN, min: 0, max: MAX_CHANGE });
  const max = integerArgument(request, 'max', { fallback: Number.NaN, min: 1, max: MAX_CHANGE });
  if (Number.isNaN(min) || Number.isNaN(max))
    throw new UmbelError('bad_request', 'Autoscale needs min and max.');
  return ask(
    context,
    request,
    'autoscale',
    { min, max },
    {
      done: (worker) => `Autoscaling '${worker}' worker (min=${min}, max=${max})`,
      failed: (worker) => `Failed to autoscale '${worker}' worker`,
    },
  );
};

export const addConsumer: Handler<ApiContext> = (context, request) => {
  const queue = demandArgument(request, 'queue');
  return ask(
    context,
    request,
    'add_consumer',
    { queue },
    {
      done: (_worker, answer) => answer,
      failed: (worker) => `Failed to add '${queue}' consumer to '${worker}' worker`,
    },
  );
};

export const cancelConsumer: Handler<ApiContext> = (context, request) => {
  const queue = demandArgument(request, 'queue');
  return ask(
    context,
    request,
    'cancel_consumer',
    { queue },
    {
      done: (_worker, answer) => answer,
      failed: (worker) => `Failed to cancel '${queue}' consumer from '${worker}' worker`,
    },
  );
};

export const shutdown: Handler<ApiContext> = async ({ desk }, request) => {
  const worker = param(request, 'worker');
  desk.demandWorker(worker);
  await desk.tell(worker, 'shutdown');
  return { status: 200, body: { message: 'Shutting down!' } };
};
