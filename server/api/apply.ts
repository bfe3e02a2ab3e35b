import { z } from 'zod';
import { UmbelError } from '../../lib/contract/errors.ts';
import type { Handler } from '../http/router.ts';
import { param } from './arguments.ts';
import type { ApiContext } from './context.ts';
import { resultBody } from './task-result.ts';
import type { SendRequest } from './task-sender.ts';

const APPLY_WAIT_SECONDS = 300;
const MAX_SECONDS = 3e9;

const seconds = z.coerce.number().min(0).max(MAX_SECONDS);
const word = z.string().min(1).max(255);

/** The body of Flower's apply family: args, kwargs, and options of apply_async. */
const bodySchema = z.object({
  args: z.array(z.unknown()).default([]),
  kwargs: z.record(z.string(), z.unknown()).default({}),
  task_id: word.optional(),
  queue: word.optional(),
  exchange: z.string().max(255).optional(),
  routing_key: word.optional(),
  countdown: seconds.optional(),
  eta: z.string().optional(),
  expires: z.union([seconds, z.string()]).optional(),
  priority: z.number().int().min(0).max(255).optional(),
  time_limit: seconds.optional(),
  soft_time_limit: seconds.optional(),
});

/** Sends any task to any queue. */
export const sendTask: Handler<ApiContext> = async ({ sender }, request) => {
  const id = await sender.send(readCall(param(request, 'name'), request.body));
  return { status: 200, body: { 'task-id': id, state: 'PENDING' } };
};

/** Sends a task that some worker is known to run. */
export const asyncApply: Handler<ApiContext> = (context, request) => {
  context.desk.demandTask(param(request, 'name'));
  return sendTask(context, request);
};

/** Sends a known task and waits for its result. */
export const apply: Handler<ApiContext> = async ({ sender, desk }, request) => {
  const name = param(request, 'name');
  desk.demandTask(name);
  const id = await sender.send(readCall(name, request.body));
  return { status: 200, body: resultBody(id, await sender.wait(id, APPLY_WAIT_SECONDS)) };
};

function readCall(task: string, body: unknown): SendRequest {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new UmbelError(
      'bad_request',
      `Bad body: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
    );
  }
  const { args, kwargs, countdown, eta, expires, ...options } = parsed.data;
  const call: SendRequest = {
    task,
    args,
    kwargs,
    eta: countdown === undefined ? isoTime(eta, 'eta') : isoIn(countdown),
    expires: typeof expires === 'number' ? isoIn(expires) : isoTime(expires, 'expires'),
  };
  return {
    ...call,
    ...(options.task_id === undefined ? {} : { id: options.task_id }),
    ...(options.queue === undefined ? {} : { queue: options.queue }),
    ...(options.exchange === undefined ? {} : { exchange: options.exchange }),
    ...(options.routing_key === undefined ? {} : { routingKey: options.routing_key }),
    ...(options.priority === undefined ? {} : { priority: options.priority }),
    ...(options.time_limit === undefined ? {} : { timeLimit: options.time_limit }),
    ...(options.soft_time_limit === undefined ? {} : { softTimeLimit: options.soft_time_limit }),
  };
}

function isoIn(delaySeconds: number): string {
  return new Date(Date.now() + delaySeconds * 1000).toISOString();
}

/** Flower's `2026-01-31 10:00:00.000000`, taken as UTC, or ISO 8601. */
function isoTime(text: string | undefined, name: string): string | null {
  if (text === undefined) return null;
  const isNaive = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?$/.test(text);
  const time = /^\d{4}-\d\d-\d\d[ T]/.test(text)
    ? Date.parse(isNaive ? `${text.replace(' ', 'T')}Z` : text)
    : Number.NaN;
  if (Number.isNaN(time))
    throw new UmbelError('bad_request', `'${name}' must look like 2026-01-31 10:00:00.000000.`);
  return new Date(time).toISOString();
}
