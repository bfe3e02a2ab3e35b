import { UmbelError } from '../contract/errors.ts';
import { READY_STATES } from '../contract/states.ts';
import { decodeJson, encodeJson } from './json.ts';
import { isoformat, isoformatNow } from './json-types.ts';
import { isRecord, numberOrNull, textOrNull } from './record.ts';
import { type StampRecord, stampsAt } from './stamps.ts';

/** What the backend keeps of a task (celery/backends/base.py `_get_result_meta`). */
export interface ResultMeta {
  readonly taskId: string;
  readonly status: string;
  /** The value, an ExceptionRecord, or the meta of a custom state. */
  readonly result: unknown;
  readonly traceback: string | null;
  /** Result tuples of the tasks that it started: `[[id, parent], null]`. */
  readonly children: readonly unknown[] | null;
  /** ISO 8601; only in READY states. */
  readonly dateDone: string | null;
  readonly groupId?: string | null;
  readonly parentId?: string | null;
  /** From here on only with `result_extended`. */
  readonly name?: string | null;
  readonly args?: readonly unknown[] | null;
  readonly kwargs?: Readonly<Record<string, unknown>> | null;
  readonly worker?: string | null;
  readonly retries?: number | null;
  readonly queue?: string | null;
  /** The stamps of the task. */
  readonly stamps?: Readonly<Record<string, unknown>> | null;
}

/** The same with its value already as JSON text. */
export interface ResultParts {
  readonly taskId: string;
  readonly status: string;
  /** JSON of the value or of the ExceptionRecord; null when there is none. */
  readonly resultText: string | null;
  readonly traceback?: string | null;
  readonly children?: readonly unknown[] | null;
  /** Default: now in a READY state, null otherwise. */
  readonly dateDone?: string | null;
  readonly groupId?: string | null;
  readonly parentId?: string | null;
  readonly extended?: {
    readonly name: string;
    /** JSON of the positional arguments. */
    readonly argsText: string;
    /** JSON of the keyword arguments. */
    readonly kwargsText: string;
    readonly worker: string | null;
    readonly retries: number;
    readonly queue: string | null;
    readonly stamps?: StampRecord | null;
  };
}

/** The text that is stored and published: Celery's fields in its order, around a value that is text already. */
export function composeResult(parts: ResultParts): string {
  const { status, traceback, children, groupId, parentId, extended } = parts;
  const dateDone =
    parts.dateDone === undefined && READY_STATES.has(status) ? isoformatNow() : (parts.dateDone ?? null);
  let text = `{"status": ${JSON.stringify(status)}, "result": ${parts.resultText ?? 'null'}, "traceback": ${
    traceback ? JSON.stringify(traceback) : 'null'
  }, "children": ${listText(children)}, "date_done": ${dateDone === null ? 'null' : `"${dateDone}"`}`;
  if (groupId) text += `, "group_id": ${JSON.stringify(groupId)}`;
  if (parentId) text += `, "parent_id": ${JSON.stringify(parentId)}`;
  if (extended) {
    text += `, "name": ${JSON.stringify(extended.name)}, "args": ${extended.argsText}, "kwargs": ${extended.kwargsText}`;
    text += `, "worker": ${JSON.stringify(extended.worker)}, "retries": ${extended.retries}`;
    text += `, "queue": ${JSON.stringify(extended.queue)}`;
    if (extended.stamps) text += stampsText(extended.stamps);
  }
  return `${text}, "task_id": ${JSON.stringify(parts.taskId)}}`;
}

/** Names of fields that a stamp must not overwrite. */
const FIELDS = new Set(
  'status result traceback children date_done group_id parent_id name args kwargs worker retries queue stamped_headers task_id'.split(
    ' ',
  ),
);

/** Each stamp is a field of its own, as Celery stores it. */
function stampsText({ names, values }: StampRecord): string {
  const free = names.filter((name) => !FIELDS.has(name));
  const fields = free.map((name) => `, ${JSON.stringify(name)}: ${encodeJson(values[name] ?? null)}`);
  return `, "stamped_headers": ${encodeJson(free)}${fields.join('')}`;
}

function listText(children: readonly unknown[] | null | undefined): string {
  if (children === null) return 'null';
  return children === undefined || children.length === 0 ? '[]' : encodeJson(children);
}

/** Writes a stored result. Throws `UmbelError('bad_request')` when its value is no JSON. */
export function encodeResult(meta: ResultMeta): string {
  const { name, args, kwargs, worker, retries, queue, stamps, result, ...rest } = meta;
  const parts = { ...rest, resultText: encodeJson(result ?? null) };
  if (name === undefined) return composeResult(parts);
  return composeResult({
    ...parts,
    extended: {
      name: name ?? '',
      argsText: encodeJson(args ?? []),
      kwargsText: encodeJson(kwargs ?? {}),
      worker: worker ?? null,
      retries: retries ?? 0,
      queue: queue ?? null,
      stamps: stamps ? { names: Object.keys(stamps), values: stamps } : null,
    },
  });
}

/** Reads a stored result of any writer. Throws `UmbelError('bad_message')` when it is none. */
export function decodeResult(text: string): ResultMeta {
  return readResult(decodeJson(text));
}

/** The same from a value that its serializer has read. */
export function readResult(meta: unknown): ResultMeta {
  if (!isRecord(meta) || typeof meta['status'] !== 'string') {
    throw new UmbelError('bad_message', 'A stored result cannot be read: it has no status.');
  }
  const { children, args, kwargs, stamped_headers: stamped } = meta;
  return {
    taskId: textOrNull(meta['task_id']) ?? '',
    status: meta['status'],
    result: meta['result'] ?? null,
    traceback: textOrNull(meta['traceback']),
    children: Array.isArray(children) ? children : null,
    dateDone: dateText(meta['date_done']),
    groupId: textOrNull(meta['group_id']),
    parentId: textOrNull(meta['parent_id']),
    name: textOrNull(meta['name']),
    args: Array.isArray(args) ? args : null,
    kwargs: isRecord(kwargs) ? kwargs : null,
    worker: textOrNull(meta['worker']),
    retries: numberOrNull(meta['retries']),
    queue: textOrNull(meta['queue']),
    ...(Array.isArray(stamped) && { stamps: stampsAt(stamped, meta).values }),
  };
}

function dateText(value: unknown): string | null {
  return value instanceof Date ? isoformat(value) : textOrNull(value);
}
