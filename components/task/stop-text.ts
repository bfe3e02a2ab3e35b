import type { TaskRow } from '../../lib/contract/records.ts';
import { READY_STATES } from '../../lib/contract/states.ts';

/** States in which no worker holds the task in a slot. */
const NOT_RUNNING = new Set(['PENDING', 'SENT', 'RECEIVED', 'RETRY', 'REJECTED']);

/** Started and not over, in a state of Celery or one of its own such as PROGRESS. */
function isRunning(task: Pick<TaskRow, 'state' | 'isLost'>): boolean {
  return !task.isLost && !READY_STATES.has(task.state) && !NOT_RUNNING.has(task.state);
}

/** What a revoke did: a task that runs already is not ended by it. */
export function revokedText(task: Pick<TaskRow, 'state' | 'isLost'>): string {
  return isRunning(task)
    ? 'Revoked. It already runs and will finish. Terminate stops it.'
    : 'Revoked. It will not start.';
}
