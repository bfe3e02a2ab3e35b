import type { Celery } from '../../app/celery.ts';
import { toError } from '../../contract/errors.ts';
import type { TaskRecord } from '../../monitor/task-record.ts';
import { pythonRepr } from '../../protocol/repr.ts';
import { maskData, maskText } from '../../util/mask.ts';
import type { PaneKind } from './view.ts';

const MAX_TEXT = 32_768;

/** What a pane tells of a task: from its events, and what these do not have from the result backend. */
export async function detailsOf(app: Celery, record: TaskRecord, pane: PaneKind): Promise<string> {
  const text = pane === 'info' ? info(record) : await stored(app, record, pane);
  return text.slice(0, MAX_TEXT);
}

function info({ uuid, state, facts }: TaskRecord): string {
  const at = (seconds: number | null): string | null =>
    seconds === null ? null : new Date(seconds * 1000).toISOString();
  const rows: readonly (readonly [string, unknown])[] = [
    ['task', facts.name],
    ['id', uuid],
    ['state', state],
    ['worker', facts.worker],
    ['queue', facts.queue],
    ['args', facts.args],
    ['kwargs', facts.kwargs],
    ['retries', facts.retries],
    ['eta', facts.eta],
    ['sent', at(facts.sent)],
    ['received', at(facts.received)],
    ['started', at(facts.started)],
    ['succeeded', at(facts.succeeded)],
    ['failed', at(facts.failed)],
    ['revoked', at(facts.revoked)],
    ['runtime', facts.runtime],
    ['result', facts.result],
    ['exception', facts.exception],
    ['parent', facts.parentId],
    ['root', facts.rootId],
  ];
  return rows
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name.padEnd(10)} ${String(value)}`)
    .join('\n');
}

async function stored(app: Celery, record: TaskRecord, pane: 'result' | 'traceback'): Promise<string> {
  const { facts } = record;
  const seen = pane === 'result' ? (facts.result ?? facts.exception) : facts.traceback;
  try {
    const meta = await app.AsyncResult(record.uuid).meta();
    if (meta === null) return seen ?? `No ${pane} is stored.`;
    if (pane === 'traceback') return maskText(meta.traceback ?? seen ?? 'It has no traceback.');
    return pythonRepr(maskData(meta.result), MAX_TEXT);
  } catch (error) {
    return seen ?? maskText(`Cannot read the result: ${toError(error).message}`);
  }
}
