import type { Signature } from '../protocol/signature.ts';
import type { ApplyOptions } from './apply-options.ts';
import type { AsyncResult } from './async-result.ts';
import type { ErrbackArguments } from './canvas/errback-arguments.ts';
import type { Config } from './config.ts';
import type { EagerOptions } from './eager-options.ts';
import type { ResultPort } from './result-port.ts';
import type { TaskOptions } from './task-options.ts';

/** What a call needs to know of its task; a call by name has only the name. */
export type CallableTask = Pick<
  TaskOptions,
  | 'priority'
  | 'queue'
  | 'exchange'
  | 'routingKey'
  | 'expires'
  | 'ignoreResult'
  | 'timeLimit'
  | 'softTimeLimit'
  | 'serializer'
  | 'compression'
  | 'deliveryMode'
  | 'shadowName'
> & { readonly name: string };

/** What tasks need of their app. */
export interface AppPort extends ResultPort {
  readonly main: string;
  readonly conf: Config;
  /** The app's own id, by which replies would find it. */
  readonly oid: string;
  /** The tasks that are known here. */
  readonly tasks: { get(name: string): CallableTask | undefined };
  /** Sends a call; resolves when the broker has it. */
  send(
    task: CallableTask,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    options: ApplyOptions,
  ): Promise<AsyncResult<unknown>>;
  /** Throws TypeError for arguments that a task registered here cannot take, unless its `typing` is off. */
  checkCall(name: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): void;
  /** Calls an errback that takes (request, exc, traceback) and is registered here; false when it is to be sent. */
  callErrback(errback: Signature, failure: ErrbackArguments): Promise<boolean>;
  /** Runs a registered task in this process; `follow` runs its links or errbacks. */
  runNow(
    name: string,
    args: readonly unknown[],
    options: EagerOptions,
    follow?: (result: AsyncResult<unknown>) => Promise<void>,
  ): Promise<AsyncResult<unknown>>;
}
