import type { TraceOutcome } from '../app/trace-outcome.ts';
import type { TaskHandle } from './handle.ts';
import type { RequestHost } from './host.ts';
import type { Handle } from './pool/pool.ts';
import { whenOwned } from './when-owned.ts';

/** A store that is away for longer holds up neither the handlers of a task nor the slot that they run in. */
const HANDLERS_WAIT_MS = 60_000;

/**
 * What a finished task leads to, in Celery's order: its result is stored, its chord and those who wait for a failure are
 * told, its handlers run, then ack, event and log line (celery/app/trace.py; celery/worker/request.py `on_success`,
 * `on_failure`, `on_retry`).
 */
export function concludeOutcome(
  request: TaskHandle,
  host: RequestHost,
  outcome: TraceOutcome,
  handle: Handle | null,
): void {
  whenOwned(
    request,
    host,
    outcome.state,
    () => conclude(request, host, outcome, handle),
    // What its listeners took for the run they want to give back.
    () => handle?.(() => {}),
  );
}

function conclude(
  request: TaskHandle,
  host: RequestHost,
  outcome: TraceOutcome,
  handle: Handle | null,
): void {
  if (outcome.state === 'SUCCESS') request.hasSucceeded = true;
  if (outcome.state !== 'SUCCESS' || handle !== null || outcome.isAwaited === true) {
    void concludeInSteps(request, host, outcome, handle);
    return;
  }
  // The usual way, without a promise of its own.
  const finish = (): void => {
    settle(request, host, outcome);
    host.ledger.ended(request);
  };
  if (request.ignoresResult) finish();
  else request.storeThen('SUCCESS', outcome.resultText, null, outcome.children, finish);
}

async function concludeInSteps(
  request: TaskHandle,
  host: RequestHost,
  outcome: TraceOutcome,
  handle: Handle | null,
): Promise<void> {
  const told = storeAndTell(request, host, outcome);
  if (handle !== null) {
    await atMost(HANDLERS_WAIT_MS, told);
    const complaint = await new Promise(handle);
    if (complaint !== null) {
      host.logger.error(
        `Task ${request.label} has ended (${outcome.state}), but a handler of it failed: ${complaint}`,
      );
    }
  }
  await told;
  settle(request, host, outcome);
  host.ledger.ended(request);
}

async function storeAndTell(request: TaskHandle, host: RequestHost, outcome: TraceOutcome): Promise<void> {
  const { resultText, traceback, children } = outcome;
  const state = storedState(outcome);
  if (state === null) return;
  if (state === 'SUCCESS' ? !request.ignoresResult : request.storesErrors) {
    await request.store(state, resultText, traceback, children);
  }
  if (outcome.isAwaited === true) {
    await host.tellEnded(request.request, state, resultText ?? 'null', traceback);
  }
}

/** A refused message is a FAILURE, as in Celery since 5.6, so that nobody waits for ever. */
function storedState({ state, reject }: TraceOutcome): 'SUCCESS' | 'FAILURE' | 'RETRY' | null {
  if (state === 'IGNORED') return null;
  if (state !== 'REJECTED') return state;
  return reject?.requeue === true ? null : 'FAILURE';
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timeout = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timeout);
}

/** The message, the event and the log line. */
function settle(request: TaskHandle, host: RequestHost, outcome: TraceOutcome): void {
  switch (outcome.state) {
    case 'SUCCESS':
      request.ack();
      succeeded(request, host, outcome);
      break;
    case 'FAILURE':
      if (request.profile.acksOnFailure) request.ack();
      else request.reject(false);
      failed(request, host, outcome);
      break;
    case 'RETRY':
      request.ack();
      retried(request, host, outcome);
      break;
    case 'IGNORED':
      request.ack();
      host.logger.info(`Task ${request.label} ignored`);
      break;
    case 'REJECTED':
      rejected(request, host, outcome);
      break;
  }
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

function rejected(request: TaskHandle, host: RequestHost, outcome: TraceOutcome): void {
  const { reject, exceptionRepr: exception, traceback } = outcome;
  const requeue = reject?.requeue ?? false;
  if (!requeue) host.events.send(request, 'task-failed', { exception, traceback });
  request.reject(requeue);
  host.events.send(request, 'task-rejected', { requeue });
  host.logger.warning(
    `Task ${request.label} reject requeue=${requeue ? 'True' : 'False'}: ${exception ?? ''}`,
  );
}
