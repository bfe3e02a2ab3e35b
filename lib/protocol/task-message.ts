import { UmbelError } from '../contract/errors.ts';
import { encodeJson } from './json.ts';
import { type PayloadFormat, packPayload } from './payload.ts';
import { reprArgs, reprKwargs } from './repr.ts';
import { JSON_SERIALIZER } from './serializer.ts';
import type { Embed } from './signature.ts';
import type { WireMessage } from './wire.ts';

/** One call of a task, ready to be written as a message of protocol 2. */
export interface TaskCall {
  readonly task: string;
  readonly id: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly embed?: Partial<Embed>;
  /** ISO 8601 with offset. */
  readonly eta?: string | null;
  /** ISO 8601 with offset. */
  readonly expires?: string | null;
  readonly retries?: number;
  readonly priority?: number | null;
  /** Seconds. */
  readonly timeLimit?: number | null;
  /** Seconds. */
  readonly softTimeLimit?: number | null;
  readonly rootId?: string | null;
  readonly parentId?: string | null;
  readonly group?: string | null;
  readonly groupIndex?: number | null;
  readonly shadow?: string | null;
  /** Who sends: `gen<pid>@<host>`. */
  readonly origin: string;
  readonly ignoreResult?: boolean;
  /** The sender's oid: any UUID that stays the same. */
  readonly replyTo: string;
  /** The caller's own headers, merged into Celery's. */
  readonly headers?: Readonly<Record<string, unknown>> | null;
  readonly argsrepr?: string;
  readonly kwargsrepr?: string;
  readonly stampedHeaders?: readonly string[] | null;
  readonly stamps?: Readonly<Record<string, unknown>>;
  readonly replacedTaskNesting?: number;
  /** Milliseconds; from `expires` and the present time. */
  readonly expirationMs?: number | null;
  /** 2: kept on disk by brokers that have one, the default; 1: not. */
  readonly deliveryMode?: number;
  /** How the body is written. Default: plain JSON. */
  readonly format?: PayloadFormat;
}

const PLAIN: PayloadFormat = {};
/** The JSON of an empty `Embed`. */
const NO_EMBED = '{"callbacks": null, "errbacks": null, "chain": null, "chord": null}';

/**
 * Writes a call as Celery's `as_task_v2` (celery/app/amqp.py), with all 19 headers.
 * Throws `UmbelError('bad_request')` for a call that no worker could read: no name, no id, arguments that the serializer
 * cannot write; `too_large` beyond the format's limit; `unsupported` for a compression that is not there.
 */
export function encodeTaskMessage(call: TaskCall): WireMessage {
  if (call.task === '' || call.id === '') {
    throw new UmbelError('bad_request', 'A task message needs the name of the task and an id.');
  }
  const { format = PLAIN } = call;
  const { serializer = JSON_SERIALIZER } = format;
  const body = serializer === JSON_SERIALIZER ? jsonBody(call) : serializer.encode(bodyOf(call));
  const payload = packPayload(body, format);
  const headers = encodeHeaders(call);
  if (payload.compression !== undefined) headers['compression'] = payload.compression;
  return {
    headers,
    properties: encodeProperties(call),
    contentType: payload.contentType,
    contentEncoding: payload.contentEncoding,
    body: payload.body,
  };
}

function bodyOf({ args, kwargs, embed }: TaskCall): unknown[] {
  return [args, kwargs, wholeEmbed(embed ?? {})];
}

/** As the serializer would write it, but sooner: most calls have nothing behind their arguments. */
function jsonBody({ args, kwargs, embed }: TaskCall): string {
  const rest = embed === undefined ? NO_EMBED : encodeJson(wholeEmbed(embed));
  return `[${encodeJson(args)}, ${encodeKwargs(kwargs)}, ${rest}]`;
}

/** Most calls have none. */
function encodeKwargs(kwargs: Readonly<Record<string, unknown>>): string {
  for (const _name in kwargs) return encodeJson(kwargs);
  return '{}';
}

function wholeEmbed({ callbacks, errbacks, chain, chord }: Partial<Embed>): Embed {
  return {
    callbacks: callbacks ?? null,
    errbacks: errbacks ?? null,
    chain: chain ?? null,
    chord: chord ?? null,
  };
}

function encodeHeaders(call: TaskCall): Record<string, unknown> {
  const { shadow = null, eta = null, expires = null, group = null, groupIndex = null, retries = 0 } = call;
  const { timeLimit = null, softTimeLimit = null, parentId = null, ignoreResult = false } = call;
  const { replacedTaskNesting = 0, stampedHeaders = null, stamps = {} } = call;
  const headers: Record<string, unknown> = {
    lang: 'js',
    task: call.task,
    id: call.id,
    shadow,
    eta,
    expires,
    group,
    group_index: groupIndex,
    retries,
    timelimit: [timeLimit, softTimeLimit],
    root_id: call.rootId ?? call.id,
    parent_id: parentId,
    argsrepr: call.argsrepr ?? reprArgs(call.args),
    kwargsrepr: call.kwargsrepr ?? reprKwargs(call.kwargs),
    origin: call.origin,
    ignore_result: ignoreResult,
    replaced_task_nesting: replacedTaskNesting,
    stamped_headers: stampedHeaders,
    stamps,
  };
  return call.headers ? addCustomHeaders(headers, call.headers) : headers;
}

/** Celery's own headers win: a caller cannot break a message by the name of a header. */
function addCustomHeaders(
  headers: Record<string, unknown>,
  custom: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  for (const [name, value] of Object.entries(custom)) {
    if (!Object.hasOwn(headers, name)) headers[name] = value;
  }
  return headers;
}

function encodeProperties(call: TaskCall): WireMessage['properties'] {
  const properties = {
    correlation_id: call.id,
    reply_to: call.replyTo,
    delivery_mode: call.deliveryMode ?? 2,
    priority: call.priority ?? 0,
  };
  return call.expirationMs === undefined || call.expirationMs === null
    ? properties
    : { ...properties, expiration: String(Math.max(0, Math.round(call.expirationMs))) };
}

export { decodeTaskBody, decodeTaskRequest, type TaskRequest } from './task-request.ts';
