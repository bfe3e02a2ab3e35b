/*
 * Celery's own exceptions, under the names and modules that Python peers know (celery/exceptions.py,
 * billiard/exceptions.py). `args` is what crosses the wire.
 */

/** An exception with a Python identity: module, name and constructor arguments. */
export class CeleryError extends Error {
  readonly pyModule: string;
  readonly args: readonly unknown[];

  constructor(name: string, args: readonly unknown[], pyModule = 'celery.exceptions') {
    super(messageOf(args));
    this.name = name;
    this.pyModule = pyModule;
    this.args = args;
  }
}

/** Thrown by `task.retry()`: the task runs again later. Let it pass. */
export class Retry extends CeleryError {
  /** What went wrong, when the task said. */
  readonly exc: unknown;
  /** When it runs again; null in a plain call. */
  readonly when: Date | null;

  constructor(message: string, exc: unknown = null, when: Date | null = null) {
    super('Retry', [message]);
    this.exc = exc;
    this.when = when;
  }
}

/** Thrown in a task: forget it, store nothing. */
export class Ignore extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('Ignore', args);
  }
}

/** Thrown in a task with late acks: refuse the message, or put it back with `requeue`. */
export class Reject extends CeleryError {
  readonly reason: unknown;
  readonly requeue: boolean;

  constructor(reason: unknown = null, requeue = false) {
    super('Reject', [reason, requeue]);
    this.reason = reason;
    this.requeue = requeue;
  }
}

/** The task asked for one attempt too many. */
export class MaxRetriesExceededError extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('MaxRetriesExceededError', args);
  }
}

/** `get()` of a task that was revoked, expired or terminated. */
export class TaskRevokedError extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('TaskRevokedError', args.length > 0 ? args : ['revoked']);
  }
}

/** No task of that name is registered where the message arrived. */
export class NotRegistered extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('NotRegistered', args);
  }
}

/** A header task of a chord failed. */
export class ChordError extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('ChordError', args);
  }
}

/** `get()` waited as long as it was told to. */
export class TimeoutError extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('TimeoutError', args.length > 0 ? args : ['The operation timed out.']);
  }
}

/** What a result has started is not known before it has ended. */
export class IncompleteStream extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('IncompleteStream', args);
  }
}

/** The broker could not be reached to send a task. */
export class OperationalError extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('OperationalError', args, 'kombu.exceptions');
  }
}

/** A value could not be written as JSON. */
export class EncodeError extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('EncodeError', args, 'kombu.exceptions');
  }
}

/** The soft time limit has passed; a task may catch it and clean up. */
export class SoftTimeLimitExceeded extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('SoftTimeLimitExceeded', args, 'billiard.exceptions');
  }
}

/** The hard time limit has passed and the task was stopped. */
export class TimeLimitExceeded extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('TimeLimitExceeded', args, 'billiard.exceptions');
  }
}

/** The process that ran the task died. */
export class WorkerLostError extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('WorkerLostError', args, 'billiard.exceptions');
  }
}

/** The task's process was ended on request. */
export class Terminated extends CeleryError {
  constructor(...args: readonly unknown[]) {
    super('Terminated', args, 'billiard.exceptions');
  }
}

/** An exception of a task, as its result holds it. `name` is its class where it was thrown, `pyModule` the module. */
export class RemoteError extends CeleryError {
  /** The traceback where it was thrown, when it is known. */
  remoteTraceback: string | null = null;

  constructor(name: string, args: readonly unknown[], pyModule: string) {
    super(name, args, pyModule);
  }
}

function messageOf(args: readonly unknown[]): string {
  const [first] = args;
  if (args.length <= 1) return first === undefined || first === null ? '' : String(first);
  return args.map((arg) => (typeof arg === 'object' ? JSON.stringify(arg) : String(arg))).join(', ');
}
