import { UmbelError } from '../../contract/errors.ts';
import { publishDeadlineMs } from '../publish-deadline.ts';

/** Celery's `broker_transport_options` as far as Redis has them, and `lease`. Times in seconds as Celery's are. */
export interface RedisTransportOptions {
  /** Age at which a message taken by a client other than Umbel goes back to its queue. Default 3600. */
  readonly visibilityTimeout: number;
  /**
   * Age at which a message taken by an Umbel worker goes back to its queue. Living workers renew what they hold every
   * third of it, so it bounds how long a crash delays a task, not how long a task may take. Default 60.
   */
  readonly lease: number;
  readonly globalKeyprefix: string;
  readonly sep: string;
  readonly prioritySteps: readonly number[];
  readonly unackedKey: string;
  readonly unackedIndexKey: string;
  /** Text in front of fanout channels: `/0.` for database 0. */
  readonly fanoutPrefix: string;
  readonly fanoutPatterns: boolean;
  /** Which queue is looked at first: in turn, by name, or as declared. Default `round_robin`. */
  readonly queueOrderStrategy: QueueOrder;
  /** Queue for messages that no binding of their exchange takes; null refuses them. */
  readonly deadletterQueue: string | null;
  /** How long a publish is tried, in milliseconds: Celery's retry policy and one connection attempt. */
  readonly publishDeadlineMs: number;
}

export type QueueOrder = (typeof QUEUE_ORDERS)[number];
const QUEUE_ORDERS = ['round_robin', 'sorted', 'priority'] as const;

/** Reads the options; keys of other transports are left alone. Throws `UmbelError('bad_config')`. */
export function readOptions(
  given: Readonly<Record<string, unknown>>,
  db: number,
  connectionTimeoutMs: number,
): RedisTransportOptions {
  return {
    visibilityTimeout: positive(given, 'visibility_timeout', 3600),
    lease: positive(given, 'lease', 60),
    globalKeyprefix: text(given, 'global_keyprefix', ''),
    sep: text(given, 'sep', '\x06\x16'),
    prioritySteps: steps(given['priority_steps']),
    unackedKey: text(given, 'unacked_key', 'unacked'),
    unackedIndexKey: text(given, 'unacked_index_key', 'unacked_index'),
    fanoutPrefix: fanoutPrefix(given['fanout_prefix'], db),
    fanoutPatterns: given['fanout_patterns'] !== false,
    queueOrderStrategy: queueOrder(given['queue_order_strategy']),
    deadletterQueue: text(given, 'deadletter_queue', '') || null,
    publishDeadlineMs: publishDeadlineMs(given, connectionTimeoutMs),
  };
}

function positive(given: Readonly<Record<string, unknown>>, name: string, fallback: number): number {
  const value = given[name] ?? fallback;
  if (typeof value === 'number' && value > 0) return value;
  throw new UmbelError(
    'bad_config',
    `broker_transport_options.${name} must be a number of seconds above 0, not ${JSON.stringify(value)}.`,
  );
}

function text(given: Readonly<Record<string, unknown>>, name: string, fallback: string): string {
  const value = given[name] ?? fallback;
  if (typeof value === 'string') return value;
  throw new UmbelError('bad_config', `broker_transport_options.${name} must be a text.`);
}

function steps(value: unknown): number[] {
  if (value === undefined || value === null) return [0, 3, 6, 9];
  if (Array.isArray(value) && value.length > 0 && value.every(Number.isInteger)) {
    return value.map(Number).sort((a, b) => a - b);
  }
  throw new UmbelError('bad_config', 'broker_transport_options.priority_steps must be a list of integers.');
}

function fanoutPrefix(value: unknown, db: number): string {
  if (value === false) return '';
  return typeof value === 'string' ? value.replaceAll('{db}', String(db)) : `/${db}.`;
}

function queueOrder(value: unknown): QueueOrder {
  const found = QUEUE_ORDERS.find((order) => order === (value ?? 'round_robin'));
  if (found) return found;
  throw new UmbelError(
    'bad_config',
    `broker_transport_options.queue_order_strategy is ${JSON.stringify(value)}. There are: ${QUEUE_ORDERS.join(', ')}.`,
  );
}
