import { decodeTaskBody } from '../protocol/task-message.ts';
import type { TaskHandle } from './handle.ts';

/** A task in `inspect active`, `reserved`, `scheduled` and `query_task` (celery/worker/request.py `info`). */
export function taskInfo(task: TaskHandle, hostname: string, isSafe = false): Record<string, unknown> {
  const { request } = task;
  const { exchange, routing_key } = request.deliveryInfo;
  return {
    id: request.id,
    name: task.name,
    ...argumentsOf(task, isSafe),
    type: request.task,
    hostname,
    time_start: task.startedAt,
    acknowledged: task.isSettled,
    delivery_info: { exchange, routing_key, priority: request.priority, redelivered: request.redelivered },
    worker_pid: task.pid,
  };
}

function argumentsOf({ request }: TaskHandle, isSafe: boolean): { args: unknown; kwargs: unknown } {
  const texts = { args: request.argsrepr, kwargs: request.kwargsrepr };
  if (isSafe) return texts;
  try {
    const { args, kwargs } = decodeTaskBody(request.bodyText);
    return { args, kwargs };
  } catch {
    // A body that cannot be read fails when it runs; its headers still say what was meant.
    return texts;
  }
}
