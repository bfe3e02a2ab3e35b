import { UmbelError } from '../contract/errors.ts';
import { MAX_TIMER_MS } from '../util/clock.ts';

const RETRY_POLICY = { max_retries: 3, interval_start: 0, interval_step: 0.2, interval_max: 1 };
/** More than that is for ever. */
const MAX_RETRIES = 100_000;

/**
 * How long a publish is tried, in milliseconds: the waits of kombu's `retry_policy` (of the transport options) and one
 * attempt to connect. `max_retries: null` means for ever. Throws `UmbelError('bad_config')`.
 */
export function publishDeadlineMs(
  given: Readonly<Record<string, unknown>>,
  connectionTimeoutMs: number,
): number {
  const { retry_policy: wanted } = given;
  const policy = { ...RETRY_POLICY, ...(typeof wanted === 'object' ? wanted : {}) };
  for (const [name, value] of Object.entries(policy)) {
    if (value === null || (typeof value === 'number' && value >= 0)) continue;
    throw new UmbelError(
      'bad_config',
      `retry_policy.${name} is ${JSON.stringify(value)}, but must be a number from 0.`,
    );
  }
  if (policy.max_retries === null || policy.max_retries > MAX_RETRIES) return MAX_TIMER_MS;
  let seconds = 0;
  for (let retry = 0; retry < policy.max_retries; retry += 1) {
    seconds += Math.min(policy.interval_max, policy.interval_start + retry * policy.interval_step);
  }
  return Math.min(seconds * 1000 + connectionTimeoutMs, MAX_TIMER_MS);
}
