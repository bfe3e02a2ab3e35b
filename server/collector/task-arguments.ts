import type { TaskArguments } from '../../lib/contract/records.ts';
import type { TaskRecord } from '../../lib/monitor/task-record.ts';
import { isRecord } from '../../lib/protocol/record.ts';
import { parsePythonLiteral } from '../../lib/protocol/repr.ts';
import type { ResultMeta } from '../../lib/protocol/result.ts';

const UNKNOWN: TaskArguments = { source: 'unknown', args: null, kwargs: null };

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
  return { source: isComplete ? 'text' : 'shortened', args: positional.value, kwargs: named.value };
}
