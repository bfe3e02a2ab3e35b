import type { TraceOutcome } from '../app/trace-outcome.ts';
import { Retry, TimeLimitExceeded, WorkerLostError } from '../protocol/celery-errors.ts';
import { encodeException, exceptionRepr } from '../protocol/exception.ts';
import { decodeTaskBody } from '../protocol/task-message.ts';
import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';
import type { JobLoss } from './pool/pool.ts';
import { signalNumber } from './pool/signal-number.ts';

/** A message that lost its process so often is set aside: it would take down one after another for ever. */
const MAX_DELIVERIES = 5;

/**
 * What a finished task leads to, in Celery's order: result, then ack, then event and log line
 * (celery/worker/request.py `on_success`, `on_failure`, `on_retry`).
 */
export function concludeOutcome(request: TaskHandle, host: RequestHost, outcome: TraceOutcome): void {
  whenOwned(request, host, outcome.state, () => conclude(request, host, outcome));
}

/** What a task that got no chance to finish leads to. */
export function concludeLoss(request: TaskHandle, host: RequestHost, loss: JobLoss): void {
  whenOwned(request, host, loss.kind, () => void concludeLost(request, host, loss));
}

/**
 * A worker that was frozen for longer than its lease comes back with a result that is not its own any more: another
 * worker has the message, and its result is the one that counts.
 */
function whenOwned(request: TaskHandle, host: RequestHost, state: string, conclude: () => void): void {
  const isOwned = request.isOwned();
  if (isOwned === true) {
    conclude();
    return;
  }
  void Promise.resolve(isOwned).then((isStillOwned) => {
    if (isStillOwned) {
      conclude();
      return;
    }
    request.drop();
    host.logger.warning(
      `Task ${request.label} ended (${state}) after its lease had, and another worker has it: ` +
        'this result is stale and is not stored.',
    );
  });
}

function conclude(request: TaskHandle, host: RequestHost, outcome: TraceOutcome): void {
  if (outcome.state !== 'SUCCESS') {
    void concludeOther(request, host, outcome);
    return;
  }
  request.hasSucceeded = true;
  const finish = (): void => {
    request.ack();
    succeeded(request, host, outcome);
    host.ledger.ended(request);
  };
  if (request.ignoresResult) finish();
  else request.storeThen('SUCCESS', outcome.resultText, null, outcome.children, finish);
}

async function concludeOther(request: TaskHandle, host: RequestHost, outcome: TraceOutcome): Promise<void> {
  switch (outcome.state) {
    case 'FAILURE':
      await storeFailure(request, outcome);
      if (request.profile.acksOnFailure) request.ack();
      else request.reject(false);
      failed(request, host, outcome);
      break;
    case 'RETRY':
      await storeFailure(request, outcome);
      request.ack();
      retried(request, host, outcome);
      break;
    case 'IGNORED':
      request.ack();
      host.logger.info(`Task ${request.label} ignored`);
      break;
    case 'REJECTED':
      await rejected(request, host, outcome);
      break;
  }
  host.ledger.ended(request);
}

async function concludeLost(request: TaskHandle, host: RequestHost, loss: JobLoss): Promise<void> {
  switch (loss.kind) {
    case 'terminated':
      await request.terminated(signalNumber(loss.signal));
      break;
    case 'timeout':
      host.logger.error(`Hard time limit (${loss.seconds}s) exceeded for ${request.label}`);
      await fail(request, host, new TimeLimitExceeded(loss.seconds));
      if (request.profile.acksOnTimeout) request.ack();
      else request.reject(true);
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

async function lost(request: TaskHandle, host: RequestHost, reason: string): Promise<void> {
  const { profile } = request;
  if (profile.acksLate && profile.rejectOnWorkerLost) {
    const deliveries = request.request.deliveryCount + 1;
    if (deliveries < MAX_DELIVERIES) {
      host.logger.warning(`Task ${request.label} goes back to its queue: ${reason}`);
      request.reject(true);
      return;
    }
    await fail(request, host, new WorkerLostError(reason));
    request.park(`it lost its process ${deliveries} times: ${reason}`);
    return;
  }
  host.logger.error(`Task handler raised error: ${exceptionRepr(new WorkerLostError(reason))}`);
  await fail(request, host, new WorkerLostError(reason));
  request.ack();
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
  if (!request.ignoresResult || request.profile.storeErrorsEvenIfIgnored)
    await request.store('FAILURE', text);
  await host.tellUnfinished(request.request, 'FAILURE', text);
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

async function storeFailure(request: TaskHandle, outcome: TraceOutcome): Promise<void> {
  if (request.ignoresResult && !request.profile.storeErrorsEvenIfIgnored) return;
  await request.store(
    outcome.state === 'RETRY' ? 'RETRY' : 'FAILURE',
    outcome.resultText,
    outcome.traceback,
    outcome.children,
  );
}

function succeeded(
  request: TaskHandle,
  host: RequestHost,
  { resultRepr, runtimeSeconds }: TraceOutcome,
): void {
  if (host.events.isOn) {
    host.events.send(request, 'task-succeeded', { result: resultRepr, runtime: runtimeSeconds });
  }
  if (host.logger.isEnabled('INFO')) {
    host.logger.info(`Task ${request.label} succeeded in ${runtimeSeconds}s: ${resultRepr}`);
  }
}

function failed(request: TaskHandle, host: RequestHost, outcome: TraceOutcome): void {
  const { exceptionRepr: exception, traceback } = outcome;
  host.events.send(request, 'task-failed', { exception, traceback });
  if (outcome.isExpectedError === true) {
    host.logger.info(`Task ${request.label} raised expected: ${exception}`);
  } else {
    host.logger.error(`Task ${request.label} raised unexpected: ${exception}\n${traceback ?? ''}`.trimEnd());
  }
}

function retried(request: TaskHandle, host: RequestHost, outcome: TraceOutcome): void {
  const { exceptionRepr: exception, traceback, retry } = outcome;
  host.events.send(request, 'task-retried', { exception, traceback });
  const seconds = Math.round((retry?.whenSeconds ?? 0) * 10) / 10;
  // Without a cause the text is that of the Retry itself, which says the same again.
  const cause = exception === null || exception.startsWith('Retry(') ? '' : `: ${exception}`;
  host.logger.info(`Task ${request.label} retry: Retry in ${seconds}s${cause}`);
}

/** Without requeue the record says FAILURE, as Celery does since 5.6, so that nobody waits for ever. */
async function rejected(request: TaskHandle, host: RequestHost, outcome: TraceOutcome): Promise<void> {
  const requeue = outcome.reject?.requeue ?? false;
  if (!requeue) {
    await storeFailure(request, outcome);
    host.events.send(request, 'task-failed', {
      exception: outcome.exceptionRepr,
      traceback: outcome.traceback,
    });
  }
  request.reject(requeue);
  host.events.send(request, 'task-rejected', { requeue });
  host.logger.warning(
    `Task ${request.label} reject requeue=${requeue ? 'True' : 'False'}: ${outcome.exceptionRepr ?? ''}`,
  );
}
