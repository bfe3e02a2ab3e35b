import { encodeJson } from '../protocol/json.ts';
import { composeResult, type ResultParts } from '../protocol/result.ts';
import { stampsIn } from '../protocol/stamps.ts';
import { decodeTaskBody, type TaskRequest } from '../protocol/task-message.ts';

export interface RecordDetails {
  readonly request: TaskRequest;
  readonly traceback: string | null;
  readonly children: readonly unknown[];
  /** Set with `result_extended`. */
  readonly extended: { readonly hostname: string; readonly queue: string } | null;
}

/** The stored text of a task's state, around a value that is JSON already. Without details nothing of it is known. */
export function recordText(
  taskId: string,
  status: string,
  resultText: string | null,
  details: RecordDetails | null = null,
): string {
  if (details === null) return composeResult({ taskId, status, resultText, children: null });
  const { request, traceback, children } = details;
  const parts: ResultParts = {
    taskId,
    status,
    resultText,
    traceback,
    children,
    groupId: request.group,
    parentId: request.parentId,
  };
  return composeResult(details.extended === null ? parts : { ...parts, extended: extendedOf(details) });
}

function extendedOf({ request, extended }: RecordDetails): NonNullable<ResultParts['extended']> {
  const { args, kwargs } = decodeTaskBody(request.bodyText);
  return {
    name: request.task,
    argsText: encodeJson(args),
    kwargsText: encodeJson(kwargs),
    worker: extended?.hostname ?? null,
    retries: request.retries,
    queue: extended?.queue ?? null,
    stamps: stampsIn(request.headers),
  };
}
