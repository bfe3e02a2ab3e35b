import { UmbelError } from '../../contract/errors.ts';
import { publishDeadlineMs } from '../publish-deadline.ts';

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

/** Reads the options; keys of other transports are left alone. Throws `UmbelError('bad_config')`. */
export function readOptions(
  given: Readonly<Record<string, unknown>>,
  connectionTimeoutMs: number,
): AmqpTransportOptions {
  const confirmPublish = given['confirm_publish'] ?? true;
  if (typeof confirmPublish !== 'boolean') {
    throw new UmbelError('bad_config', 'broker_transport_options.confirm_publish must be true or false.');
  }
  return { confirmPublish, publishDeadlineMs: publishDeadlineMs(given, connectionTimeoutMs) };
}
