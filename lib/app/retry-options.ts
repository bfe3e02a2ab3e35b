import { UmbelError } from '../contract/errors.ts';
import { nearestName } from '../util/nearest-name.ts';
import { type ApplyOptions, checkOptions } from './apply-options.ts';

/** Options of the call that a retry may change. What it leaves out is as before. */
export type RetryCallOptions = Pick<ApplyOptions, (typeof CALL_OPTIONS)[number]>;

/** Options of `task.retry()`. */
export interface RetryOptions extends RetryCallOptions {
  /** What went wrong: stored with the state RETRY, and thrown when there is no attempt left. */
  readonly exc?: unknown;
  /** Seconds; default `defaultRetryDelay`. */
  readonly countdown?: number;
  readonly eta?: Date;
  /** Default: that of the task; null has no end. */
  readonly maxRetries?: number | null;
  /** Default: the same arguments again. */
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** false: send the next attempt when this one has ended, however it ends. Default true. */
  readonly throw?: boolean;
}

const CALL_OPTIONS = [
  'queue',
  'exchange',
  'routingKey',
  'priority',
  'expires',
  'timeLimit',
  'softTimeLimit',
  'serializer',
  'compression',
  'headers',
  'shadow',
  'ignoreResult',
  'deliveryMode',
  'argsrepr',
  'kwargsrepr',
] as const;
/** What `retry` itself reads. */
const OWN_OPTIONS = ['exc', 'countdown', 'eta', 'maxRetries', 'args', 'kwargs', 'throw'];

/** Those of `retry()`'s options that are the call's. Throws `UmbelError('bad_request')` for one that there is not. */
export function callOptionsOf(
  options: Readonly<Record<string, unknown>> | RetryCallOptions,
): RetryCallOptions {
  const names: readonly string[] = CALL_OPTIONS;
  const given = Object.entries(options).filter(
    ([name, value]) => value !== undefined && !OWN_OPTIONS.includes(name),
  );
  for (const [name] of given) {
    if (names.includes(name)) continue;
    const nearest = nearestName(name, [...names, ...OWN_OPTIONS]);
    throw new UmbelError('bad_request', `"${name}" is no option of retry(). Did you mean "${nearest}"?`);
  }
  const call: RetryCallOptions = Object.fromEntries(given);
  checkOptions(call);
  return call;
}
