import { isoformat, parseIso } from '../protocol/json-types.ts';
import type { PayloadFormat } from '../protocol/payload.ts';
import { isRecord, numberOrNull } from '../protocol/record.ts';
import type { TaskCall, TaskRequest } from '../protocol/task-message.ts';
import { expiryOf } from './apply-options.ts';
import type { RetryPlan, TaskContext } from './context.ts';
import type { RetryCallOptions } from './retry-options.ts';
import type { RoutedCall, Router } from './router.ts';

/** Who sends a retry. */
interface Sender {
  readonly origin: string;
  readonly oid: string;
  readonly router: Router;
  readonly timeZone: string;
}

/** The message of a retry: the same id and headers, one attempt more, to the queue that it came from or that it names. */
export function retryCall(
  sender: Sender,
  context: TaskContext,
  plan: RetryPlan,
  request: TaskRequest,
  format: PayloadFormat,
): { call: TaskCall; routed: RoutedCall } {
  const { stamped_headers: stamped, stamps, replaced_task_nesting: nesting } = request.headers;
  const call: TaskCall = {
    task: request.task,
    id: request.id,
    args: plan.args,
    kwargs: plan.kwargs,
    embed: context.embed,
    eta: isoformat(plan.eta),
    ...keptExpiry(request),
    retries: request.retries + 1,
    priority: request.priority,
    timeLimit: request.timeLimit,
    softTimeLimit: request.softTimeLimit,
    rootId: request.rootId,
    // Celery's retry has itself as parent, since it is sent from within the task.
    parentId: request.id,
    group: request.group,
    groupIndex: request.groupIndex,
    shadow: request.shadow,
    origin: sender.origin,
    ignoreResult: request.ignoreResult ?? false,
    replyTo: request.replyTo ?? sender.oid,
    stampedHeaders: Array.isArray(stamped) ? stamped.map(String) : null,
    stamps: isRecord(stamps) ? stamps : {},
    replacedTaskNesting: numberOrNull(nesting) ?? 0,
    format,
    ...keptTexts(context, plan, request),
    ...changes(plan.options, sender.timeZone),
    headers: { ...withoutDeaths(request.customHeaders), ...plan.options.headers },
  };
  return { call, routed: destinationOf(sender.router, plan, request) };
}

function destinationOf(
  router: Router,
  { args, kwargs, options }: RetryPlan,
  request: TaskRequest,
): RoutedCall {
  const { queue, exchange, routingKey } = options;
  if (queue !== undefined || exchange !== undefined || routingKey !== undefined) {
    return router.route(request.task, args, kwargs, options);
  }
  const { exchange: from, routing_key: key } = request.deliveryInfo;
  return {
    destination: { exchange: from, routingKey: key },
    queue: from === '' ? key : null,
    priority: null,
  };
}

/** What the retry asked for. */
function changes(options: RetryCallOptions, timeZone: string): Partial<TaskCall> {
  const { queue, exchange, routingKey, serializer, compression, headers, expires, ...rest } = options;
  const expiry = expiryOf(expires, timeZone);
  return { ...rest, ...(expiry && { expires: expiry.text, expirationMs: expiry.expirationMs }) };
}

/** A text that hides a secret goes on hiding it. */
function keptTexts(context: TaskContext, plan: RetryPlan, request: TaskRequest): Partial<TaskCall> {
  return {
    ...(plan.args === context.args && { argsrepr: request.argsrepr }),
    ...(plan.kwargs === context.kwargs && { kwargsrepr: request.kwargsrepr }),
  };
}

function keptExpiry({ expiresText }: TaskRequest): Partial<TaskCall> {
  if (expiresText === null) return {};
  return { expires: expiresText, expirationMs: parseIso(expiresText) * 1000 - Date.now() };
}

/** RabbitMQ's dead-letter history belongs to the old message. */
function withoutDeaths(headers: TaskRequest['customHeaders']): Record<string, unknown> | null {
  if (headers === null) return null;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^x-(?:.*-)?death/.test(name)));
}
