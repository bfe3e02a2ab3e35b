import { UmbelError } from '../contract/errors.ts';
import { decodeJson, encodeJson } from './json.ts';
import { isDeeperThan } from './json-depth.ts';
import { parseIso } from './json-types.ts';
import { JSON_ONLY, type PayloadLimits, payloadText } from './payload.ts';
import { MAX_DEPTH } from './plain.ts';
import { isRecord, numberOrNull, textOrNull } from './record.ts';
import { reprArgs, reprKwargs } from './repr.ts';
import { decodeSignature, decodeSignatures, type Embed } from './signature.ts';
import type { DeliveryInfo, WireMessage } from './wire.ts';

/** A received task message: everything a worker decides by, without its arguments. */
export interface TaskRequest {
  readonly task: string;
  readonly id: string;
  /** Name to show instead of the task's. */
  readonly shadow: string | null;
  /** Seconds since the epoch. */
  readonly eta: number | null;
  /** Seconds since the epoch. */
  readonly expires: number | null;
  readonly etaText: string | null;
  readonly expiresText: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly retries: number;
  /** Hard limit in seconds, as the sender set it. */
  readonly timeLimit: number | null;
  readonly softTimeLimit: number | null;
  readonly rootId: string;
  readonly parentId: string | null;
  readonly argsrepr: string;
  readonly kwargsrepr: string;
  readonly origin: string | null;
  /** null: the task's own setting decides. */
  readonly ignoreResult: boolean | null;
  readonly replyTo: string | null;
  readonly correlationId: string;
  readonly priority: number;
  readonly deliveryInfo: DeliveryInfo;
  readonly redelivered: boolean;
  /** How often Umbel has given it back to its queue. */
  readonly deliveryCount: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Headers that are not Celery's own; null when there are none. */
  readonly customHeaders: Readonly<Record<string, unknown>> | null;
  /** JSON of `[args, kwargs, embed]`, for `decodeTaskBody`. */
  readonly bodyText: string;
}

export interface TaskBody {
  readonly args: unknown[];
  readonly kwargs: Record<string, unknown>;
  readonly embed: Embed;
}

const KNOWN_HEADERS: ReadonlySet<string> = new Set(
  (
    'lang task id shadow eta expires group group_index retries timelimit root_id parent_id argsrepr kwargsrepr origin ' +
    'ignore_result replaced_task_nesting stamped_headers stamps redelivered x-delivery-count compression ' +
    'group_id meth utc errbacks callbacks taskset chord chain args kwargs'
  ).split(' '),
);

const BARE_END = ', {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]';
const NO_EMBED: Embed = { callbacks: null, errbacks: null, chain: null, chord: null };

/**
 * Reads the headers of a task message; the body stays text, so that who only hands it on never parses it.
 * Protocol 1, with its fields in the body, and its hybrid are rewritten as protocol 2; a body that is not JSON is
 * rewritten as JSON. Throws `UmbelError` with the reason: `bad_message`, `too_large` or `unsupported`.
 */
export function decodeTaskRequest(message: WireMessage, limits: PayloadLimits = JSON_ONLY): TaskRequest {
  const bodyText = payloadText(message, limits);
  // Who runs the task parses it; a worker should not take what nobody can.
  if (isDeeperThan(bodyText, MAX_DEPTH)) throw unusable(`it is nested deeper than ${MAX_DEPTH}`);
  if (bodyText.startsWith('[')) return readRequest(message, message.headers, bodyText, limits.timeZone);
  const fields = decodeJson(bodyText);
  if (Array.isArray(fields)) return readRequest(message, message.headers, bodyText, limits.timeZone);
  if (!isRecord(fields)) throw unusable('its body is neither a list nor an object');
  return readRequest(
    message,
    protocolOneHeaders(fields, message.headers),
    protocolOneBody(fields),
    limits.timeZone,
  );
}

/** Reads `[args, kwargs, embed]`. Throws `UmbelError('bad_message')` when it is something else. */
export function decodeTaskBody(bodyText: string): TaskBody {
  // Most bodies end so, from Python too.
  const body = decodeJson(bodyText.endsWith(BARE_END) ? `${bodyText.slice(0, -BARE_END.length)}]` : bodyText);
  if (!Array.isArray(body)) throw unusable('its body is no list');
  const [args, kwargs, embed]: unknown[] = body;
  if (!Array.isArray(args)) throw unusable('its args are no list');
  if (kwargs !== null && kwargs !== undefined && !isRecord(kwargs))
    throw unusable('its kwargs are no object');
  return { args, kwargs: isRecord(kwargs) ? kwargs : {}, embed: readEmbed(embed) };
}

function readEmbed(embed: unknown): Embed {
  if (!isRecord(embed)) return NO_EMBED;
  const { callbacks, errbacks, chain, chord } = embed;
  if (!callbacks && !errbacks && !chain && !chord) return NO_EMBED;
  return {
    callbacks: decodeSignatures(callbacks),
    errbacks: decodeSignatures(errbacks),
    chain: decodeSignatures(chain),
    chord: chord ? decodeSignature(chord) : null,
  };
}

function readRequest(
  message: WireMessage,
  headers: Readonly<Record<string, unknown>>,
  bodyText: string,
  timeZone?: string,
): TaskRequest {
  const { properties } = message;
  const id = requiredText(headers, 'id');
  const [timeLimit, softTimeLimit] = readLimits(headers['timelimit']);
  const deliveryInfo = properties.delivery_info ?? { exchange: '', routing_key: '' };
  const etaText = textOrNull(headers['eta']);
  const expiresText = textOrNull(headers['expires']);
  return {
    task: requiredText(headers, 'task'),
    id,
    shadow: textOrNull(headers['shadow']) || null,
    eta: readTime(etaText, 'eta', timeZone),
    expires: readTime(expiresText, 'expires', timeZone),
    etaText,
    expiresText,
    group: textOrNull(headers['group']),
    groupIndex: numberOrNull(headers['group_index']),
    retries: numberOrNull(headers['retries']) ?? 0,
    timeLimit,
    softTimeLimit,
    rootId: textOrNull(headers['root_id']) ?? id,
    parentId: textOrNull(headers['parent_id']),
    argsrepr: textOrNull(headers['argsrepr']) ?? reprOf(bodyText, 'args'),
    kwargsrepr: textOrNull(headers['kwargsrepr']) ?? reprOf(bodyText, 'kwargs'),
    origin: textOrNull(headers['origin']),
    ignoreResult: typeof headers['ignore_result'] === 'boolean' ? headers['ignore_result'] : null,
    replyTo: properties.reply_to ?? null,
    correlationId: properties.correlation_id ?? id,
    priority: properties.priority ?? 0,
    deliveryInfo,
    redelivered: headers['redelivered'] === true || deliveryInfo.redelivered === true,
    deliveryCount: numberOrNull(headers['x-delivery-count']) ?? 0,
    headers,
    customHeaders: readCustomHeaders(headers),
    bodyText,
  };
}

/** Fields of the body, overlaid with those of the headers (celery/worker/strategy.py `hybrid_to_proto2`). */
function protocolOneHeaders(
  fields: Record<string, unknown>,
  headers: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { args: _args, kwargs: _kwargs, taskset, ...rest } = fields;
  return { ...rest, group: taskset ?? fields['group'] ?? null, ...headers };
}

function protocolOneBody(fields: Record<string, unknown>): string {
  const { args, kwargs, callbacks = null, errbacks = null, chord = null } = fields;
  return encodeJson([args ?? [], kwargs ?? {}, { callbacks, errbacks, chain: null, chord }]);
}

function readLimits(value: unknown): [number | null, number | null] {
  return Array.isArray(value) ? [numberOrNull(value[0]), numberOrNull(value[1])] : [null, null];
}

function readTime(text: string | null, name: string, timeZone?: string): number | null {
  if (text === null) return null;
  const seconds = parseIso(text, timeZone);
  if (Number.isNaN(seconds)) throw unusable(`its ${name} is no ISO 8601 time: ${text.slice(0, 60)}`);
  return seconds;
}

function readCustomHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> | null {
  let custom: Record<string, unknown> | null = null;
  for (const name in headers) {
    if (KNOWN_HEADERS.has(name)) continue;
    custom ??= {};
    custom[name] = headers[name];
  }
  return custom;
}

/** Only for senders that leave the texts out. */
function reprOf(bodyText: string, part: 'args' | 'kwargs'): string {
  const body = decodeTaskBody(bodyText);
  return part === 'args' ? reprArgs(body.args) : reprKwargs(body.kwargs);
}

function requiredText(headers: Readonly<Record<string, unknown>>, name: string): string {
  const value = headers[name];
  if (typeof value === 'string' && value !== '') return value;
  throw unusable(`it has no ${name}`);
}

function unusable(reason: string): UmbelError {
  return new UmbelError('bad_message', `The task message cannot be used: ${reason}.`);
}
