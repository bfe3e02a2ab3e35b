import { MAX_TIMER_MS } from '../util/clock.ts';

const RETRY_POLICY = { max_retries: 3, interval_start: 0, interval_step: 0.2, interval_max: 1 };

/**
 * How long a publish is tried, in milliseconds: the waits of kombu's `retry_policy` (of the transport options) and one
 * attempt to connect. `max_retries: null` means for ever.
 */
export function publishDeadlineMs(
  given: Readonly<Record<string, unknown>>,
  connectionTimeoutMs: number,
): number {
  const { retry_policy: wanted } = given;
  const policy = { ...RETRY_POLICY, ...(typeof wanted === 'object' ? wanted : {}) };
  if (policy.max_retries === null) return MAX_TIMER_MS;
  let seconds = 0;
  for (let retry = 0; retry < policy.max_retries; retry += 1) {
    seconds += Math.min(policy.interval_max, policy.interval_start + retry * policy.interval_step);
  }
  return Math.min(seconds * 1000 + connectionTimeoutMs, MAX_TIMER_MS);
}
