import { UmbelError } from '../contract/errors.ts';
import { isoformat, parseIso } from '../protocol/json-types.ts';
import { type SerializerName, serializerNamed } from '../protocol/serializer.ts';
import type { Signature } from '../protocol/signature.ts';
import { nowSeconds } from '../util/clock.ts';
import { nearestName } from '../util/nearest-name.ts';

/** How publishing is tried again while the broker is away. Seconds. */
export interface RetryPolicy {
  readonly maxRetries?: number | null;
  readonly intervalStart?: number;
  readonly intervalStep?: number;
  readonly intervalMax?: number;
}

/** A call to make after this one: what `signature()` makes, or its plain JSON. */
export type SignatureLike = Partial<Signature> & { readonly task: string };

/** Options of one call (`applyAsync`, `sendTask`). They win over the task's and over routes. */
export interface ApplyOptions {
  /** Keyword arguments, mostly for tasks in Python. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Seconds to wait before it may start. */
  readonly countdown?: number;
  /** When it may start; a text is ISO 8601, of the app's `timezone` (UTC) without an offset. */
  readonly eta?: Date | string;
  /** Not started by then, it is revoked: seconds from now, or a time. */
  readonly expires?: number | Date | string;
  readonly queue?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  /** 0 to 255. On Redis 0 is the most urgent and 9 the least; on RabbitMQ the queue's `max_priority` is the most urgent. */
  readonly priority?: number;
  /** Default: a fresh UUID. */
  readonly taskId?: string;
  /** The caller's own headers; the task finds them in `request.headers`. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Called with the result. */
  readonly link?: SignatureLike | readonly SignatureLike[];
  /** Called with the id of this task when it fails. */
  readonly linkError?: SignatureLike | readonly SignatureLike[];
  readonly ignoreResult?: boolean;
  /** Seconds after which it is stopped. */
  readonly timeLimit?: number;
  /** Seconds after which it is told to finish. */
  readonly softTimeLimit?: number;
  /** Default: the task's, else `task_serializer`. */
  readonly serializer?: SerializerName;
  /** `gzip`, `brotli` or `zstd` (Node 22.15). Default: the task's, else `task_compression`. */
  readonly compression?: string | null;
  /** 2: the broker keeps it on disk where it has one; 1: it does not. Default: `task_default_delivery_mode`. */
  readonly deliveryMode?: 1 | 2;
  /** Name to show in monitors and logs. */
  readonly shadow?: string;
  /** Text to show for the arguments in monitors, logs and errors, such as one that leaves a secret out. */
  readonly argsrepr?: string;
  /** The same for the keyword arguments. */
  readonly kwargsrepr?: string;
  /** On the first use of the connection: try again to connect while the broker is away. Default: `task_publish_retry`. */
  readonly retry?: boolean;
  /** How often, for that. Once connected, `task_publish_retry_policy` says how long a message waits for the broker. */
  readonly retryPolicy?: RetryPolicy;
  /** First task of the workflow. Default: that of the task that sends, else its own id. */
  readonly rootId?: string;
  /** Default: the task that sends. */
  readonly parentId?: string;
  readonly group?: string;
  readonly groupIndex?: number;
  readonly chord?: Signature;
  /** The rest of a chain, last step first. */
  readonly chain?: readonly Signature[];
  readonly replyTo?: string;
  /** Note it as a child of the task that sends. Default true. */
  readonly addToParent?: boolean;
  /** Name by which routes find its queue. Default: its own. */
  readonly routeName?: string;
  /** Names of stamps, and their values. */
  readonly stampedHeaders?: readonly string[];
  readonly stamps?: Readonly<Record<string, unknown>>;
  /** How many tasks replaced each other before this one. */
  readonly replacedTaskNesting?: number;
}

/** Every name of an option; the compiler sees to it that none is missing. */
const OPTION_NAMES: Readonly<Record<keyof ApplyOptions, true>> = {
  kwargs: true,
  countdown: true,
  eta: true,
  expires: true,
  queue: true,
  exchange: true,
  routingKey: true,
  priority: true,
  taskId: true,
  headers: true,
  link: true,
  linkError: true,
  ignoreResult: true,
  timeLimit: true,
  softTimeLimit: true,
  serializer: true,
  compression: true,
  deliveryMode: true,
  shadow: true,
  argsrepr: true,
  kwargsrepr: true,
  retry: true,
  retryPolicy: true,
  rootId: true,
  parentId: true,
  group: true,
  groupIndex: true,
  chord: true,
  chain: true,
  replyTo: true,
  addToParent: true,
  routeName: true,
  stampedHeaders: true,
  stamps: true,
  replacedTaskNesting: true,
};

export const NO_OPTIONS: ApplyOptions = {};
export const NO_KWARGS: Readonly<Record<string, unknown>> = {};

/** Start time as the message carries it. Throws `UmbelError('bad_request')` when it is none. */
export function etaText({ countdown, eta }: ApplyOptions, timeZone = 'UTC'): string | null {
  if (countdown !== undefined && countdown !== null) {
    if (!Number.isFinite(countdown)) throw badOption('countdown', countdown, 'a number of seconds');
    return isoformat(new Date(Date.now() + countdown * 1000));
  }
  return eta === undefined || eta === null ? null : timeText('eta', eta, timeZone);
}

/** End of its life, as ISO text and as milliseconds from now. */
export function expiryOf(
  expires: ApplyOptions['expires'],
  timeZone = 'UTC',
): { text: string; expirationMs: number } | null {
  if (expires === undefined || expires === null) return null;
  const text =
    typeof expires === 'number'
      ? timeText('expires', secondsFromNow(expires), timeZone)
      : timeText('expires', expires, timeZone);
  return { text, expirationMs: (parseIso(text) - nowSeconds()) * 1000 };
}

/** Refuses what no worker would understand, before anything is sent. */
export function checkOptions(options: ApplyOptions): void {
  for (const name in options) {
    if (!Object.hasOwn(OPTION_NAMES, name)) throw unknownOption(name);
  }
  const { serializer, priority, timeLimit, softTimeLimit } = options;
  if (serializer !== undefined && serializer !== null) serializerNamed(serializer);
  if (
    priority !== undefined &&
    priority !== null &&
    !(Number.isInteger(priority) && priority >= 0 && priority <= 255)
  ) {
    throw badOption('priority', priority, 'a whole number from 0 to 255');
  }
  if (timeLimit !== undefined && softTimeLimit !== undefined && softTimeLimit > timeLimit) {
    throw badOption('softTimeLimit', softTimeLimit, 'at most the timeLimit');
  }
}

function unknownOption(name: string): UmbelError {
  const nearest = nearestName(name, Object.keys(OPTION_NAMES));
  return new UmbelError('bad_request', `"${name}" is no option of a call. Did you mean "${nearest}"?`);
}

function secondsFromNow(seconds: number): Date {
  return new Date(Date.now() + seconds * 1000);
}

function timeText(option: string, value: Date | string, timeZone: string): string {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return isoformat(value);
  const seconds = typeof value === 'string' ? parseIso(value, timeZone) : Number.NaN;
  if (Number.isNaN(seconds)) throw badOption(option, value, 'a Date or an ISO 8601 time');
  return /(?:[zZ]|[+-]\d\d:?\d\d)$/.test(String(value)) ? String(value) : isoformat(new Date(seconds * 1000));
}

function badOption(option: string, value: unknown, expected: string): UmbelError {
  return new UmbelError(
    'bad_request',
    `${option} must be ${expected}, not ${JSON.stringify(value) ?? value}.`,
  );
}
