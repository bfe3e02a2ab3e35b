import { UmbelError } from '../contract/errors.ts';
import type { RetryPolicy } from './apply-options.ts';

/** `task_publish_retry_policy` as it may be written: with Celery's names of the fields, or with ours. */
export type PublishPolicy =
  | RetryPolicy
  | {
      readonly max_retries?: number | null;
      readonly interval_start?: number;
      readonly interval_step?: number;
      readonly interval_max?: number;
    };

/** Celery's names of the fields, and ours. */
const FIELDS: Readonly<Record<string, keyof RetryPolicy>> = {
  max_retries: 'maxRetries',
  interval_start: 'intervalStart',
  interval_step: 'intervalStep',
  interval_max: 'intervalMax',
};

/**
 * Reads `task_publish_retry_policy`, with Celery's names of the fields or with ours. What it leaves out is Celery's
 * default. Throws `UmbelError('bad_config')`.
 */
export function readPublishPolicy(policy: unknown): Required<RetryPolicy> {
  const read: { -readonly [Name in keyof RetryPolicy]: RetryPolicy[Name] } = {};
  for (const [name, value] of Object.entries(policy ?? {})) {
    const field = FIELDS[name] ?? Object.values(FIELDS).find((known) => known === name);
    if (field === undefined) {
      const known = Object.keys(FIELDS).join(', ');
      throw wrong(`task_publish_retry_policy has no field "${name}", only ${known}.`);
    }
    if (value === null && field === 'maxRetries') read.maxRetries = null;
    else if (typeof value === 'number' && value >= 0) read[field] = value;
    else
      throw wrong(
        `${name} in task_publish_retry_policy must be a number from 0 on, not ${JSON.stringify(value)}.`,
      );
  }
  const { maxRetries = 3, intervalStart = 0, intervalStep = 0.2, intervalMax = 1 } = read;
  return { maxRetries, intervalStart, intervalStep, intervalMax };
}

function wrong(message: string): UmbelError {
  return new UmbelError('bad_config', message);
}
