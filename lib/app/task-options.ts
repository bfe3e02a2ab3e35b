import type { SerializerName } from '../protocol/serializer.ts';
import type { ApplyOptions } from './apply-options.ts';

/** A class of errors, for `autoretryFor` and `throws`. */
// The parameters of a constructor that is never called here.
export type ErrorClass = abstract new (...args: never[]) => Error;

/** Options of a task, with Celery's meaning and defaults. Where null is allowed, the setting of the app decides. */
export interface TaskOptions {
  /** The function gets the task itself as its first argument. */
  readonly bind?: boolean;
  /** Attempts after the first; null has no end. Default 3. */
  readonly maxRetries?: number | null;
  /** Seconds until a retry that names no delay. Default 180. */
  readonly defaultRetryDelay?: number;
  /** Errors after which it is tried again. */
  readonly autoretryFor?: readonly ErrorClass[];
  /** Exceptions from `autoretryFor`. */
  readonly dontAutoretryFor?: readonly ErrorClass[];
  /** Passed to `retry` by `autoretryFor`. */
  readonly retryKwargs?: { readonly maxRetries?: number | null; readonly countdown?: number };
  /** Delay of automatic retries: 1, 2, 4, … seconds; a number is the first delay. */
  readonly retryBackoff?: boolean | number;
  /** Longest such delay in seconds. Default 600. */
  readonly retryBackoffMax?: number;
  /** Draw the delay from 0 to its value. Default true. */
  readonly retryJitter?: boolean;
  /** Ack after the run instead of before: a lost worker's task runs again. */
  readonly acksLate?: boolean | null;
  /** With late acks: ack also when it fails or is stopped by its limit. */
  readonly acksOnFailureOrTimeout?: boolean | null;
  /** The same for failures alone; wins over the one for both. */
  readonly acksOnFailure?: boolean | null;
  /** The same for time limits alone; wins over the one for both. */
  readonly acksOnTimeout?: boolean | null;
  readonly rejectOnWorkerLost?: boolean | null;
  readonly ignoreResult?: boolean | null;
  readonly storeErrorsEvenIfIgnored?: boolean | null;
  readonly trackStarted?: boolean | null;
  /** Seconds. */
  readonly timeLimit?: number | null;
  /** Seconds. */
  readonly softTimeLimit?: number | null;
  /** `10/s`, `100/m`, `5/h`, or a number per second; for each worker. */
  readonly rateLimit?: string | number | null;
  readonly queue?: string | null;
  readonly exchange?: string | null;
  readonly routingKey?: string | null;
  readonly priority?: number | null;
  /** Seconds. */
  readonly expires?: number | null;
  /** Default: `task_serializer`. */
  readonly serializer?: SerializerName | null;
  /** Packs the body: `gzip`, `brotli` or `zstd` (Node 22.15). Default: `task_compression`. */
  readonly compression?: string | null;
  /** 2: the broker keeps it on disk where it has one; 1: it does not. Default: `task_default_delivery_mode`. */
  readonly deliveryMode?: 1 | 2 | null;
  /** Errors that are part of its work: logged without traceback, still FAILURE. */
  readonly throws?: readonly ErrorClass[];
  /** Note tasks that it starts as its children. Default true. */
  readonly trail?: boolean;
  /** Default true. */
  readonly sendEvents?: boolean;
  /** Characters of its value in events and logs. Default 1024. */
  readonly resultreprMaxsize?: number;
  /** Name to show in monitors and logs, by what the call is; null: its own. */
  readonly shadowName?:
    | ((
        args: readonly unknown[],
        kwargs: Readonly<Record<string, unknown>>,
        options: ApplyOptions,
      ) => string | null)
    | null;
  /**
   * Refuse calls that the function cannot take, in Python's words: an argument missing, too many, or a name that it does
   * not have. Types are gone at run time: give an optional parameter a default, `(n: number | null = null) => …`, or turn
   * this off. Default true.
   */
  readonly typing?: boolean;
}

export const TASK_OPTION_NAMES: readonly (keyof TaskOptions)[] = [
  'bind',
  'maxRetries',
  'defaultRetryDelay',
  'autoretryFor',
  'dontAutoretryFor',
  'retryKwargs',
  'retryBackoff',
  'retryBackoffMax',
  'retryJitter',
  'acksLate',
  'acksOnFailureOrTimeout',
  'acksOnFailure',
  'acksOnTimeout',
  'rejectOnWorkerLost',
  'ignoreResult',
  'storeErrorsEvenIfIgnored',
  'trackStarted',
  'timeLimit',
  'softTimeLimit',
  'rateLimit',
  'queue',
  'exchange',
  'routingKey',
  'priority',
  'expires',
  'serializer',
  'compression',
  'deliveryMode',
  'throws',
  'trail',
  'sendEvents',
  'resultreprMaxsize',
  'shadowName',
  'typing',
];
