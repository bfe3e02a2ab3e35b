import { Retry, TimeLimitExceeded, WorkerLostError } from '../protocol/celery-errors.ts';
import { encodeException, exceptionRepr } from '../protocol/exception.ts';
import { decodeTaskBody } from '../protocol/task-message.ts';
import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';
import type { JobLoss } from './pool/pool.ts';
import { signalNumber } from './pool/signal-number.ts';
import { whenOwned } from './when-owned.ts';

/** A message that was given back so often is set aside: it would take down one process after another for ever. */
const MAX_DELIVERIES = 5;

/** What a task leads to that got no chance to finish (celery/worker/request.py `on_timeout`, `on_failure`, `cancel`). */
export function concludeLoss(request: TaskHandle, host: RequestHost, loss: JobLoss): void {
  whenOwned(request, host, loss.kind, () => void concludeLost(request, host, loss));
}

async function concludeLost(request: TaskHandle, host: RequestHost, loss: JobLoss): Promise<void> {
  switch (loss.kind) {
    case 'terminated':
      await request.terminated(signalNumber(loss.signal));
      break;
    case 'timeout':
      await timedOut(request, host, loss.seconds);
      break;
    case 'lost':
      await lost(request, host, loss.reason);
      break;
    case 'shutdown':
      await cutOff(request, host);
      break;
    case 'cancelled':
      await cancelled(request, host);
      break;
  }
  host.ledger.ended(request);
}

/** Celery leaves a message that is not acked on a timeout to its visibility timeout; here it runs again at once. */
async function timedOut(request: TaskHandle, host: RequestHost, seconds: number): Promise<void> {
  const { acksLate, acksOnTimeout } = request.profile;
  const reason = `Hard time limit (${seconds}s) exceeded`;
  host.logger.error(`${reason} for ${request.label}`);
  const error = new TimeLimitExceeded(seconds);
  if (acksLate && !acksOnTimeout) {
    await giveBack(request, host, reason, error, 'it was over its time limit');
    return;
  }
  await fail(request, host, error);
  request.ack();
}

async function lost(request: TaskHandle, host: RequestHost, reason: string): Promise<void> {
  const { acksLate, acksOnFailure, rejectOnWorkerLost } = request.profile;
  const error = new WorkerLostError(reason);
  if (acksLate && rejectOnWorkerLost) {
    await giveBack(request, host, reason, error, 'it lost its process');
    return;
  }
  host.logger.error(`Task handler raised error: ${exceptionRepr(error)}`);
  await fail(request, host, error);
  if (acksOnFailure) request.ack();
  else request.reject(false);
}

/** To its queue, to run again; when that has been tried often enough it fails and its message is set aside. */
async function giveBack(
  request: TaskHandle,
  host: RequestHost,
  reason: string,
  error: Error,
  what: string,
): Promise<void> {
  const deliveries = request.request.deliveryCount + 1;
  if (deliveries < MAX_DELIVERIES) {
    host.logger.warning(`Task ${request.label} goes back to its queue: ${reason}`);
    request.reject(true);
    return;
  }
  await fail(request, host, error);
  request.park(`${what} ${deliveries} times: ${reason}`);
}

/**
 * A cold shutdown: with late acks the task runs again elsewhere. With early ones it is gone; Celery stores RETRY for it
 * although nothing will retry it, here it is a FAILURE, so that nobody waits for ever.
 */
async function cutOff(request: TaskHandle, host: RequestHost): Promise<void> {
  if (request.profile.acksLate) {
    request.release();
    return;
  }
  host.events.send(request, 'task-cancelled', {});
  await fail(
    request,
    host,
    new WorkerLostError('The worker was stopped before the task ended (cold shutdown).'),
  );
}

/** Its message was not acked and goes back: celery/worker/request.py `cancel`. */
async function cancelled(request: TaskHandle, host: RequestHost): Promise<void> {
  const retry = new Retry('cancelled by Celery');
  if (!request.ignoresResult) await request.store('RETRY', JSON.stringify(encodeException(retry)));
  host.events.send(request, 'task-cancelled', {});
  request.release();
}

/** FAILURE on behalf of a task that could not report it, without a traceback. */
async function fail(request: TaskHandle, host: RequestHost, error: Error): Promise<void> {
  const text = JSON.stringify(encodeException(error));
  if (request.storesErrors) await request.store('FAILURE', text);
  await host.tellEnded(request.request, 'FAILURE', text);
  host.events.send(request, 'task-failed', { exception: exceptionRepr(error), traceback: null });
  if (!host.signals.has('task_failure')) return;
  const { id, task, bodyText } = request.request;
  const { args, kwargs } = decodeTaskBody(bodyText);
  void host.signals.send('task_failure', {
    sender: task,
    taskId: id,
    args,
    kwargs,
    exception: error,
    traceback: null,
  });
}
