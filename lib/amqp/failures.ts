import { toError, UmbelError } from '../contract/errors.ts';
import type { AmqpAddress } from './url.ts';

/** The connection or channel went away before the answer came: whether the broker did it is not known. */
export class ConnectionLost extends Error {
  constructor(reason: string, options?: { cause?: unknown }) {
    super(reason, options);
    this.name = 'ConnectionLost';
  }
}

/** AMQP's reply codes that we tell apart. */
export const ACCESS_REFUSED = 403;
export const NOT_FOUND = 404;
export const RESOURCE_LOCKED = 405;
export const PRECONDITION_FAILED = 406;
export const NOT_IMPLEMENTED = 540;

/** The reply code of an error that the broker answered with; null when it was something else. */
export function replyCode(thrown: unknown): number | null {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' ? thrown.code : null;
}

/** One line for a person: RabbitMQ's own words without the library's around them. */
export function messageOf(thrown: unknown): string {
  const error = toError(thrown);
  const inner = 'errors' in error && Array.isArray(error.errors) ? toError(error.errors[0]) : error;
  const [, words] = /with message "(.*)"$/s.exec(inner.message) ?? [];
  const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : '';
  return (words ?? (inner.message || code || inner.name)).replace(/\s*\n\s*/g, ' ');
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

/** Why no connection was made, as an error that says what to do. */
export function connectError(thrown: unknown, address: AmqpAddress): UmbelError {
  const { display, host, username, vhost } = address;
  const reason = messageOf(thrown);
  if (/ACCESS_REFUSED/.test(reason)) {
    const advice =
      username === 'guest' && !LOOPBACK.test(host)
        ? ' RabbitMQ lets "guest" in from its own machine only.'
        : '';
    const text = `${display} refuses the login of the user "${username}". Check the name and the password in the URL.`;
    return new UmbelError('unauthorized', `${text}${advice}`, { cause: thrown });
  }
  // The library does not pass on what the broker says here: it closes when the vhost is refused.
  if (/Expected ConnectionOpenOk; got <ConnectionClose/.test(reason)) {
    const text = `${display} has no vhost "${vhost}", or the user "${username}" may not use it, or has all connections that are allowed. Check the URL, or see rabbitmqctl add_vhost and set_permissions.`;
    return new UmbelError('not_found', text, { cause: thrown });
  }
  const advice = /certificate/i.test(reason)
    ? ' Name the authority with ssl_ca_certs=/path, or do not check with ssl_cert_reqs=none.'
    : '';
  return new UmbelError('unavailable', `Cannot connect to ${display}: ${reason}.${advice}`, {
    cause: thrown,
  });
}

/** What to do about RabbitMQ's words. */
const ADVICE: readonly (readonly [words: RegExp, advice: string])[] = [
  [
    /inequivalent arg.*'celery_delayed_/,
    ' Say in broker_native_delayed_delivery_queue_type of which type the others made it.',
  ],
  [/inequivalent arg/, ' Say in task_queues what it has, or delete it.'],
  [
    /transient_nonexcl_queues/,
    ' Leave control_queue_exclusive and event_queue_exclusive true, or make them durable.',
  ],
];

/** Why an operation was refused, as an error that says what was tried: `declare the queue celery`. */
export function refusedError(thrown: unknown, what: string, display: string): UmbelError {
  if (thrown instanceof UmbelError) return thrown;
  const reason = messageOf(thrown);
  const advice = ADVICE.find(([words]) => words.test(reason))?.[1] ?? '';
  const text = `${display} refused to ${what}: ${reason.replace(/\.$/, '')}.${advice}`;
  switch (replyCode(thrown)) {
    case NOT_FOUND:
      return new UmbelError('not_found', text, { cause: thrown });
    case ACCESS_REFUSED:
      return new UmbelError('forbidden', text, { cause: thrown });
    case PRECONDITION_FAILED:
    case RESOURCE_LOCKED:
      return new UmbelError('conflict', text, { cause: thrown });
    case NOT_IMPLEMENTED:
      return new UmbelError('unsupported', text, { cause: thrown });
    default:
      return new UmbelError('unavailable', `Cannot ${what} at ${display}: ${reason}.${advice}`, {
        cause: thrown,
      });
  }
}
