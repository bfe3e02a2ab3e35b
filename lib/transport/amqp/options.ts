import { UmbelError } from '../../contract/errors.ts';

/** Celery's `broker_transport_options` as far as RabbitMQ has them. */
export interface AmqpTransportOptions {
  /**
   * Wait until the broker has each message. Default true, other than Celery's: without it a message can vanish and
   * nobody is told.
   */
  readonly confirmPublish: boolean;
  /** How long a publish is tried, in milliseconds: Celery's retry policy and one connection attempt. */
  readonly publishDeadlineMs: number;
}

const RETRY_POLICY = { max_retries: 3, interval_start: 0, interval_step: 0.2, interval_max: 1 };

/** Reads the options; keys of other transports are left alone. Throws `UmbelError('bad_config')`. */
export function readOptions(
  given: Readonly<Record<string, unknown>>,
  connectionTimeoutMs: number,
): AmqpTransportOptions {
  const confirmPublish = given['confirm_publish'] ?? true;
  if (typeof confirmPublish !== 'boolean') {
    throw new UmbelError('bad_config', 'broker_transport_options.confirm_publish must be true or false.');
  }
  return { confirmPublish, publishDeadlineMs: retryMs(given['retry_policy']) + connectionTimeoutMs };
}

function retryMs(value: unknown): number {
  const policy = { ...RETRY_POLICY, ...(typeof value === 'object' ? value : {}) };
  let seconds = 0;
  for (let retry = 0; retry < policy.max_retries; retry += 1) {
    seconds += Math.min(policy.interval_max, policy.interval_start + retry * policy.interval_step);
  }
  return seconds * 1000;
}
