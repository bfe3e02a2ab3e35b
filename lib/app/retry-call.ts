import { isoformat, parseIso } from '../protocol/json-types.ts';
import type { PayloadFormat } from '../protocol/payload.ts';
import { isRecord, numberOrNull } from '../protocol/record.ts';
import type { TaskCall, TaskRequest } from '../protocol/task-message.ts';
import type { RetryPlan, TaskContext } from './context.ts';
import type { RoutedCall } from './router.ts';

/** The message of a retry: the same id and headers, one attempt more, to the queue that it came from. */
export function retryCall(
  sender: { readonly origin: string; readonly oid: string },
  context: TaskContext,
  plan: RetryPlan,
  request: TaskRequest,
  format: PayloadFormat,
): { call: TaskCall; routed: RoutedCall } {
  const { stamped_headers: stamped, stamps, replaced_task_nesting: nesting } = request.headers;
  const { exchange, routing_key: routingKey } = request.deliveryInfo;
  const { expiresText } = request;
  const call: TaskCall = {
    task: request.task,
    id: request.id,
    args: plan.args,
    kwargs: plan.kwargs,
    embed: context.embed,
    eta: isoformat(plan.eta),
    expires: expiresText,
    expirationMs: expiresText === null ? null : parseIso(expiresText) * 1000 - Date.now(),
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
    headers: withoutDeaths(request.customHeaders),
    stampedHeaders: Array.isArray(stamped) ? stamped.map(String) : null,
    stamps: isRecord(stamps) ? stamps : {},
    replacedTaskNesting: numberOrNull(nesting) ?? 0,
    format,
  };
  const queue = exchange === '' ? routingKey : null;
  return { call, routed: { destination: { exchange, routingKey }, queue, priority: null } };
}

/** RabbitMQ's dead-letter history belongs to the old message. */
function withoutDeaths(headers: TaskRequest['customHeaders']): Record<string, unknown> | null {
  if (headers === null) return null;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/^x-(?:.*-)?death/.test(name)));
}
