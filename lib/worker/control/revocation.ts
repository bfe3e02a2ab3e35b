import { TaskRevokedError } from '../../protocol/celery-errors.ts';
import { encodeException } from '../../protocol/exception.ts';
import type { TaskHandle } from '../handle.ts';
import { signalNumber } from '../pool/signal-number.ts';
import { recordText } from '../record-text.ts';
import {
  type Arguments,
  type ControlCommand,
  type ControlContext,
  failed,
  idsOf,
  ok,
  textOf,
} from './command.ts';

/** Commands that keep tasks from running, or end them. */
export const REVOCATION: Readonly<Record<string, ControlCommand>> = {
  revoke: (context, args) => revoke(context, args, args['terminate'] === true),
  terminate: (context, args) => revoke(context, args, true),
};

const SIGNALS: Readonly<Record<string, NodeJS.Signals>> = {
  SIGHUP: 'SIGHUP',
  SIGKILL: 'SIGKILL',
  SIGQUIT: 'SIGQUIT',
  SIGTERM: 'SIGTERM',
};

function revoke(context: ControlContext, args: Arguments, isTerminating: boolean): unknown {
  const ids = idsOf(args['task_id']);
  if (ids.length === 0) return failed('revoke needs task_id: an id or a list of ids');
  const signal = signalOf(args['signal']);
  if (signal === null) {
    return failed(`Unknown signal ${String(args['signal'])}. Known are ${Object.keys(SIGNALS).join(', ')}.`);
  }
  for (const id of ids) flag(context, id, isTerminating);
  if (!isTerminating) {
    context.host.logger.info(`Tasks flagged as revoked: ${ids.join(', ')}`);
    return ok(`tasks {${ids.map((id) => `'${id}'`).join(', ')}} flagged as revoked`);
  }
  const terminated = ids.filter((id) => {
    const isRunning = context.pool.terminate(id, signal);
    if (isRunning) context.host.logger.info(`Terminating ${id} (${signalNumber(signal)})`);
    return isRunning;
  });
  return ok(terminated.length > 0 ? `terminate: ${terminated.join(', ')}` : 'terminate: tasks unknown');
}

/** Python sends `SIGTERM`, `TERM` or 15. */
function signalOf(value: unknown): NodeJS.Signals | null {
  if (value === null || value === undefined) return 'SIGTERM';
  if (typeof value === 'number') {
    return Object.values(SIGNALS).find((signal) => signalNumber(signal) === value) ?? null;
  }
  const name = textOf(value, 'SIGTERM').toUpperCase();
  return SIGNALS[name.startsWith('SIG') ? name : `SIG${name}`] ?? null;
}

function flag(context: ControlContext, id: string, isTerminating: boolean): void {
  const { host } = context;
  host.ledger.revoked.add(id);
  const scheduled = findScheduled(context, id);
  if (scheduled !== null) {
    discardScheduled(context, scheduled);
    return;
  }
  const isRunning = [...host.ledger.active].some(({ request }) => request.id === id);
  if (isRunning || isTerminating) return;
  // Whoever waits for it learns now, not when the message is met (celery/worker/control.py `revoke`).
  const error = JSON.stringify(encodeException(new TaskRevokedError('revoked')));
  void host.results.storeUnlessReady(id, recordText(id, 'REVOKED', error));
}

function findScheduled({ host }: ControlContext, id: string): TaskHandle | null {
  for (const task of host.ledger.scheduled.keys()) if (task.request.id === id) return task;
  return null;
}

/** Celery keeps a revoked ETA task in memory until its time; there is no reason to wait. */
function discardScheduled({ host, etaTimer }: ControlContext, task: TaskHandle): void {
  const entry = host.ledger.scheduled.get(task);
  if (entry !== undefined) etaTimer.cancel(entry);
  host.ledger.scheduled.delete(task);
  task.discardIfRevoked();
}
