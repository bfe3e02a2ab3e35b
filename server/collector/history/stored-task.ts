import { type TaskFacts, TaskRecord } from '../../../lib/monitor/task-record.ts';

export type SqlValue = string | number | null;

/** Columns of the table of tasks, in the order in which rows are written. */
export const COLUMNS = [
  'uuid',
  'name',
  'state',
  'args',
  'kwargs',
  'queue',
  'worker',
  'sent',
  'received',
  'started',
  'finished',
  'timestamp',
  'runtime',
  'retries',
  'result',
  'exception',
  'parent',
  'extra',
] as const;

/** Facts with a column of their own; the rest goes as JSON into `extra`. */
const COLUMN_FACTS = [
  'name',
  'args',
  'kwargs',
  'queue',
  'worker',
  'sent',
  'received',
  'started',
  'timestamp',
  'runtime',
  'retries',
  'result',
  'exception',
] as const;

type ExtraFacts = Omit<TaskFacts, (typeof COLUMN_FACTS)[number]>;

/** A task as flat values: cheap to hand to another thread. Nulls are left out of `extra`, so that merging keeps what
 * was known before. */
export function encodeTask(record: TaskRecord): SqlValue[] {
  const { facts } = record;
  const extra: ExtraFacts = {
    exchange: facts.exchange,
    routingKey: facts.routingKey,
    rootId: facts.rootId,
    parentId: facts.parentId,
    client: facts.client,
    eta: facts.eta,
    expires: facts.expires,
    pid: facts.pid,
    clock: facts.clock,
    succeeded: facts.succeeded,
    failed: facts.failed,
    retried: facts.retried,
    revoked: facts.revoked,
    rejected: facts.rejected,
    custom: facts.custom,
    traceback: facts.traceback,
    progress: facts.progress,
    isLost: facts.isLost,
    moments: facts.moments,
  };
  return [
    record.uuid,
    facts.name,
    record.state,
    facts.args,
    facts.kwargs,
    facts.queue,
    facts.worker,
    facts.sent,
    facts.received,
    facts.started,
    record.finished,
    facts.timestamp,
    facts.runtime,
    facts.retries,
    facts.result,
    facts.exception,
    facts.parentId === record.uuid ? null : facts.parentId,
    JSON.stringify(extra, (_key, value: unknown) => (value === null ? undefined : value)),
  ];
}

/** Reads a row written by `encodeTask` back. The file is ours, its values are still checked: it may be another's. */
export function decodeTask(row: unknown): TaskRecord | null {
  if (row === null || typeof row !== 'object') return null;
  const columns = new Map<string, unknown>(Object.entries(row));
  const uuid = text(columns.get('uuid'));
  if (uuid === null) return null;
  const extra = readExtra(text(columns.get('extra')));
  const facts = new TaskRecord(uuid).facts;
  for (const key of ['name', 'args', 'kwargs', 'queue', 'worker', 'result', 'exception'] as const) {
    facts[key] = text(columns.get(key));
  }
  for (const key of ['sent', 'received', 'started', 'runtime'] as const)
    facts[key] = figure(columns.get(key));
  facts.timestamp = figure(columns.get('timestamp')) ?? 0;
  facts.retries = figure(columns.get('retries')) ?? 0;
  for (const key of [
    'exchange',
    'routingKey',
    'rootId',
    'parentId',
    'client',
    'eta',
    'expires',
    'traceback',
  ] as const) {
    facts[key] = text(extra.get(key));
  }
  for (const key of ['pid', 'clock', 'succeeded', 'failed', 'retried', 'revoked', 'rejected'] as const) {
    facts[key] = figure(extra.get(key));
  }
  readStructures(facts, extra);
  return new TaskRecord(uuid, facts);
}

function readStructures(facts: TaskFacts, extra: ReadonlyMap<string, unknown>): void {
  facts.isLost = extra.get('isLost') === true;
  const custom = entries(extra.get('custom'));
  const state = text(custom.get('state'));
  const at = figure(custom.get('at'));
  if (state !== null && at !== null) facts.custom = { state, at };
  const progress = entries(extra.get('progress'));
  const current = figure(progress.get('current'));
  if (current !== null) {
    facts.progress = {
      current,
      total: figure(progress.get('total')) ?? 100,
      text: text(progress.get('text')),
    };
  }
  const moments = extra.get('moments');
  for (const moment of Array.isArray(moments) ? moments.map(entries) : []) {
    const type = text(moment.get('type'));
    const time = figure(moment.get('at'));
    if (type === null || time === null) continue;
    facts.moments.push({
      type,
      at: time,
      attempt: figure(moment.get('attempt')),
      worker: text(moment.get('worker')),
      pid: figure(moment.get('pid')),
      note: text(moment.get('note')),
    });
  }
}

function readExtra(json: string | null): ReadonlyMap<string, unknown> {
  try {
    return entries(JSON.parse(json ?? '{}'));
  } catch {
    // A damaged extra costs the details of one task, not the list.
    return new Map();
  }
}

function entries(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(value !== null && typeof value === 'object' ? Object.entries(value) : []);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function figure(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
