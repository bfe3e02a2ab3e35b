import { toError, UmbelError } from '../contract/errors.ts';
import {
  CeleryError,
  ChordError,
  EncodeError,
  Ignore,
  IncompleteStream,
  MaxRetriesExceededError,
  NotRegistered,
  OperationalError,
  Reject,
  RemoteError,
  Retry,
  SoftTimeLimitExceeded,
  TaskRevokedError,
  Terminated,
  TimeLimitExceeded,
  TimeoutError,
  WorkerLostError,
} from './celery-errors.ts';
import { encodeJson } from './json.ts';
import { isRecord, textOrNull } from './record.ts';
import { pythonRepr, reprText } from './repr.ts';

/** An exception in a stored result (celery/backends/base.py `prepare_exception`). */
export interface ExceptionRecord {
  readonly exc_type: string;
  readonly exc_message: unknown;
  readonly exc_module: string;
}

/** JavaScript's errors under names that Python can raise. */
const BUILTINS: Readonly<Record<string, string>> = {
  Error: 'Exception',
  AggregateError: 'Exception',
  EvalError: 'Exception',
  RangeError: 'ValueError',
  ReferenceError: 'NameError',
  SyntaxError: 'ValueError',
  TypeError: 'TypeError',
  URIError: 'ValueError',
};

/** The classes that a stored exception may become: nothing else is ever looked up by name. */
const CLASSES: Readonly<Record<string, new (...args: never[]) => CeleryError>> = {
  ChordError,
  EncodeError,
  Ignore,
  IncompleteStream,
  MaxRetriesExceededError,
  NotRegistered,
  OperationalError,
  SoftTimeLimitExceeded,
  TaskRevokedError,
  Terminated,
  TimeLimitExceeded,
  TimeoutError,
  WorkerLostError,
};

/**
 * Writes what a task threw so that Python clients raise the like: standard errors under Python's names, others under
 * their class name in `module` (the task's).
 */
export function encodeException(error: unknown, module = 'umbel'): ExceptionRecord {
  if (error instanceof CeleryError) return record(error.name, error.args, error.pyModule);
  if (error instanceof UmbelError) return record('UmbelError', [error.message], 'umbel');
  if (!(error instanceof Error)) return record('Exception', [error], 'builtins');
  const name = errorName(error);
  const builtin = Object.hasOwn(BUILTINS, name) ? BUILTINS[name] : undefined;
  return builtin === undefined
    ? record(name, [error.message], module)
    : record(builtin, error.message === '' ? [] : [error.message], 'builtins');
}

/** Reads a stored exception: Celery's own become the classes of `celery-errors`, all others a `RemoteError`. */
export function decodeException(value: unknown, traceback: string | null = null): Error {
  if (!isRecord(value)) return toError(typeof value === 'string' ? value : pythonRepr(value));
  const name = textOrNull(value['exc_type']) ?? 'Exception';
  const module = textOrNull(value['exc_module']) ?? 'builtins';
  const message = value['exc_message'];
  const args: unknown[] = Array.isArray(message) ? message : message === undefined ? [] : [message];
  const error = wellKnown(name, module, args) ?? new RemoteError(name, args, module);
  if (error instanceof RemoteError) error.remoteTraceback = traceback;
  if (traceback) error.stack = `${error.name}: ${error.message}\n${traceback}`;
  return error;
}

/** `ValueError('boom')`, as Python shows an exception. */
export function exceptionRepr(error: unknown, module?: string): string {
  const { exc_type, exc_message } = encodeException(error, module);
  const args: unknown[] = Array.isArray(exc_message) ? exc_message : [exc_message];
  const texts = args.map((arg) => (typeof arg === 'string' ? reprText(arg) : pythonRepr(arg)));
  return `${exc_type}(${texts.join(', ')})`;
}

function wellKnown(name: string, module: string, args: readonly unknown[]): Error | null {
  if (!/^(celery|billiard|kombu)\.exceptions$/.test(module)) return null;
  if (name === 'Retry') return new Retry(String(args[0] ?? ''), args[1] ?? null);
  if (name === 'Reject') return new Reject(args[0], args[1] === true);
  const known = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (!known) return null;
  const construct: unknown = Reflect.construct(known, args);
  return construct instanceof Error ? construct : null;
}

/** Libraries set `name`, classes of users often do not: the more specific of the two. */
export function errorName(error: Error): string {
  const name = error.name !== 'Error' ? error.name : error.constructor.name;
  return /^[A-Za-z_]\w*$/.test(name) ? name : 'Exception';
}

function record(type: string, args: readonly unknown[], module: string): ExceptionRecord {
  return { exc_type: type, exc_message: args.map(sendable), exc_module: module };
}

/** Arguments that are no JSON are sent as their text. */
function sendable(arg: unknown): unknown {
  try {
    encodeJson(arg);
    return arg ?? null;
  } catch {
    return arg instanceof Error ? exceptionRepr(arg) : String(arg);
  }
}
