import { pythonRepr } from '../../protocol/repr.ts';
import { signalNumber } from '../pool/signal-number.ts';
import { listOf, matchingStamps } from '../revoked-stamps.ts';
import {
  type Arguments,
  type ControlCommand,
  type ControlContext,
  failed,
  idsOf,
  ok,
  textOf,
} from './command.ts';

/** Commands that keep tasks from running, or end them (celery/worker/control.py). */
export const REVOCATION: Readonly<Record<string, ControlCommand>> = {
  revoke: (context, args) => revoke(context, args, args['terminate'] === true),
  terminate: (context, args) => revoke(context, args, true),
  revoke_by_stamped_headers: revokeByStampedHeaders,
};

/** Ends nothing: billiard's processes raise SoftTimeLimitExceeded in their task. */
const SOFT = 'SIGUSR1';
const SIGNALS: Readonly<Record<string, NodeJS.Signals>> = {
  SIGHUP: 'SIGHUP',
  SIGKILL: 'SIGKILL',
  SIGQUIT: 'SIGQUIT',
  SIGTERM: 'SIGTERM',
  [SOFT]: SOFT,
};

/** Log lines and replies name so many ids at most. */
const MAX_NAMED = 100;
/** Characters of headers in a reply. */
const MAX_TEXT = 2048;

function revoke(context: ControlContext, args: Arguments, isTerminating: boolean): unknown {
  const ids = idsOf(args['task_id']);
  if (!isTerminating) {
    context.revocations.flag(ids);
    context.host.logger.info(`Tasks flagged as revoked: ${named(ids)}`);
    return ok(`tasks ${setOf(ids)} flagged as revoked`);
  }
  const signal = signalOf(args['signal']);
  if (signal === null) return unknownSignal(args['signal']);
  if (signal !== SOFT) context.revocations.flagRunning(ids);
  const terminated = ids.filter((id) => terminate(context, id, signal));
  return ok(terminated.length > 0 ? `terminate: ${terminated.join(', ')}` : 'terminate: tasks unknown');
}

/** `headers` is `{name: value or list}`, or a list of `name=value`. */
function revokeByStampedHeaders(context: ControlContext, args: Arguments): unknown {
  const headers = headersOf(args['headers']);
  if (headers === null)
    return failed('headers must be {name: value or list of values}, or a list of name=value');
  const signal = signalOf(args['signal']);
  if (signal === null) return unknownSignal(args['signal']);
  const { ledger } = context.host;
  ledger.revokedStamps.add(headers);
  const given = Array.isArray(args['headers']) ? dictOf(headers) : args['headers'];
  const text = pythonRepr(given, MAX_TEXT);
  if (args['terminate'] !== true) return ok(`headers ${text} flagged as revoked, but not terminated`);
  const found = new Map<string, Set<unknown>>();
  for (const { request } of [...ledger.active]) {
    const matching = matchingStamps(request, headers);
    if (matching.size === 0 || !terminate(context, request.id, signal)) continue;
    for (const [header, values] of matching) {
      found.set(header, new Set([...(found.get(header) ?? []), ...values]));
    }
  }
  if (found.size === 0) return ok(`headers ${text} were not terminated`);
  const sets = [...found].map(([header, values]) => {
    return `${pythonRepr(header, MAX_TEXT)}: {${[...values].map((value) => pythonRepr(value, MAX_TEXT)).join(', ')}}`;
  });
  return ok(`headers defaultdict(<class 'set'>, {${sets.join(', ')}}) revoked`);
}

function terminate({ pool, host }: ControlContext, id: string, signal: NodeJS.Signals): boolean {
  const isRunning = signal === SOFT ? pool.interrupt(id) : pool.terminate(id, signal);
  if (isRunning) host.logger.info(`Terminating ${id} (${signalNumber(signal)})`);
  return isRunning;
}

/** null for what has no headers in it. */
function headersOf(value: unknown): Map<string, unknown[]> | null {
  const headers = new Map<string, unknown[]>();
  const add = (name: string, values: unknown[]): unknown =>
    headers.set(name, [...(headers.get(name) ?? []), ...values]);
  if (Array.isArray(value)) {
    for (const pair of value.map(String)) {
      const equals = pair.indexOf('=');
      if (equals < 1) return null;
      add(pair.slice(0, equals), [pair.slice(equals + 1)]);
    }
  } else if (value !== null && typeof value === 'object') {
    for (const [name, values] of Object.entries(value)) add(name, listOf(values));
  } else return null;
  return headers;
}

/** A header with one value has that value. */
function dictOf(headers: ReadonlyMap<string, readonly unknown[]>): object {
  return Object.fromEntries([...headers].map(([name, list]) => [name, list.length === 1 ? list[0] : list]));
}

function unknownSignal(value: unknown): unknown {
  return failed(`Unknown signal ${String(value)}. Known are ${Object.keys(SIGNALS).join(', ')}.`);
}

/** A set of ids as Python shows it. */
function setOf(ids: readonly string[]): string {
  return ids.length === 0 ? 'set()' : `{${named(ids.map((id) => `'${id}'`))}}`;
}

function named(ids: readonly string[]): string {
  const more = ids.length - MAX_NAMED;
  return more > 0 ? `${ids.slice(0, MAX_NAMED).join(', ')} and ${more} more` : ids.join(', ');
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
