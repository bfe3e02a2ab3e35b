import type { TaskArguments } from '../../lib/contract/records.ts';
import { recordOf } from '../../lib/monitor/event-fields.ts';
import type { TaskRecord } from '../../lib/monitor/task-record.ts';
import { isRecord } from '../../lib/protocol/record.ts';
import { parsePythonLiteral } from '../../lib/protocol/repr.ts';
import type { ResultMeta } from '../../lib/protocol/result.ts';
import { hasMask, maskData } from '../../lib/util/mask.ts';

const UNKNOWN: TaskArguments = { source: 'unknown', args: null, kwargs: null };

/** The arguments for a page: without secrets. */
export function shownArguments(record: TaskRecord, meta: ResultMeta | null): TaskArguments {
  const { source, args, kwargs } = readArguments(record, meta);
  return {
    source,
    args: args === null ? null : args.map(maskData),
    kwargs: kwargs === null ? null : (recordOf(maskData(kwargs)) ?? {}),
  };
}

/** How well the arguments of a task are known: from the stored result (`result_extended`), else from their texts. */
export function readArguments(record: TaskRecord, meta: ResultMeta | null): TaskArguments {
  if (Array.isArray(meta?.args) && isRecord(meta.kwargs)) {
    return { source: 'exact', args: meta.args, kwargs: meta.kwargs };
  }
  const { args, kwargs } = record.facts;
  if (args === null && kwargs === null) return UNKNOWN;
  const positional = parsePythonLiteral(args ?? '()');
  const named = parsePythonLiteral(kwargs ?? '{}');
  const isComplete = positional.isComplete && named.isComplete;
  if (!Array.isArray(positional.value) || !isRecord(named.value)) {
    return { source: 'shortened', args: null, kwargs: null };
  }
  const isMasked = hasMask(args ?? '') || hasMask(kwargs ?? '');
  const source = isComplete ? (isMasked ? 'masked' : 'text') : 'shortened';
  return { source, args: positional.value, kwargs: named.value };
}
