import type { TaskFilter } from '../../lib/contract/filters.ts';
import { filterToParams } from '../../lib/contract/filters.ts';
import type { TaskCounts } from '../../lib/contract/live.ts';
import type { TaskDetail, TaskRow } from '../../lib/contract/records.ts';
import type { Monitor } from '../../lib/monitor/monitor.ts';
import { numberAttempts } from '../../lib/monitor/task-moments.ts';
import type { TaskRecord } from '../../lib/monitor/task-record.ts';
import type { ResultMeta } from '../../lib/protocol/result.ts';
import type { History, ListRequest } from './history/history.ts';
import { decodeTask } from './history/stored-task.ts';
import { shownArguments } from './task-arguments.ts';

const MAX_CHILDREN = 200;
const MAX_CACHED_COUNTS = 50;
const COUNTS_MS = 500;
/** A count that took long is kept so many times longer: counting never takes more than a part of the thread. */
const COUNTS_SHARE = 20;

export interface TaskPage {
  readonly records: readonly TaskRecord[];
  readonly cursor: string | null;
}

export interface TaskReaderOptions {
  readonly monitor: Monitor;
  readonly history: History;
  /** Brings what is in memory to the history. */
  readonly flush: () => Promise<void>;
  /** The stored result; null when there is none or the store cannot be asked. */
  readonly resultOf: (uuid: string) => Promise<ResultMeta | null>;
}

/** Reads tasks for pages and API: memory and history as one. */
export class TaskReader {
  readonly #options: TaskReaderOptions;
  readonly #counts = new Map<
    string,
    { readonly until: number; readonly counts: Promise<Record<string, number>> }
  >();

  constructor(options: TaskReaderOptions) {
    this.#options = options;
  }

  async page(filter: TaskFilter, before: string | null, limit: number): Promise<TaskPage> {
    const { history, flush, monitor } = this.#options;
    await flush();
    const { rows, cursor } = await history.page({ filter, before, limit });
    const records = rows.flatMap((row) => decodeTask(row) ?? []);
    return { records: records.map((record) => monitor.tasks.get(record.uuid) ?? record), cursor };
  }

  async list(request: ListRequest): Promise<TaskRecord[]> {
    const { history, flush, monitor } = this.#options;
    await flush();
    const records = (await history.list(request)).flatMap((row) => decodeTask(row) ?? []);
    return records.map((record) => monitor.tasks.get(record.uuid) ?? record);
  }

  /** Counts by state, up to half a second old (more when counting is slow). */
  async counts(filter: TaskFilter): Promise<TaskCounts> {
    const { state, ...rest } = filter;
    const [byState, all] = await Promise.all([this.#cachedCounts(rest), this.#cachedCounts({})]);
    const matching = state === undefined ? sumOf(byState) : (byState[state] ?? 0);
    return { matching, total: sumOf(all), byState };
  }

  async find(uuid: string): Promise<TaskRecord | null> {
    const { monitor, history } = this.#options;
    return monitor.tasks.get(uuid) ?? decodeTask(await history.get(uuid));
  }

  async childrenOf(uuid: string): Promise<string[]> {
    const { monitor, history } = this.#options;
    const stored = await history.childrenOf(uuid, MAX_CHILDREN);
    return [...new Set([...stored, ...monitor.tasks.childrenOf(uuid)])].slice(0, MAX_CHILDREN);
  }

  async detail(uuid: string): Promise<TaskDetail | null> {
    const { monitor, resultOf } = this.#options;
    const record = await this.find(uuid);
    if (record === null) return null;
    const [meta, children] = await Promise.all([resultOf(uuid), this.childrenOf(uuid)]);
    const { facts } = record;
    facts.queue ??= meta?.queue ?? null;
    return {
      ...record.toRow(),
      traceback: facts.traceback,
      client: facts.client,
      exchange: facts.exchange,
      routingKey: facts.routingKey,
      rootId: facts.rootId,
      parentId: facts.parentId,
      children,
      pid: facts.pid,
      moments: numberAttempts(facts.moments),
      call: shownArguments(record, meta),
      peers: facts.name === null ? null : monitor.names.summary(facts.name),
    };
  }

  #cachedCounts(filter: TaskFilter): Promise<Record<string, number>> {
    const key = filterToParams(filter).toString();
    const cached = this.#counts.get(key);
    const now = Date.now();
    if (cached && cached.until > now) return cached.counts;
    const { flush, history } = this.#options;
    const counts = flush().then(() => history.counts(filter));
    this.#remember(key, now + COUNTS_MS, counts);
    void counts.then(
      () => this.#remember(key, now + Math.max(COUNTS_MS, (Date.now() - now) * COUNTS_SHARE), counts),
      () => this.#counts.delete(key),
    );
    return counts;
  }

  #remember(key: string, until: number, counts: Promise<Record<string, number>>): void {
    this.#counts.delete(key);
    this.#counts.set(key, { until, counts });
    if (this.#counts.size <= MAX_CACHED_COUNTS) return;
    const oldest = this.#counts.keys().next().value;
    if (oldest !== undefined) this.#counts.delete(oldest);
  }
}

/** Whether a task in memory is one that a filter shows; the same rules as the history's. */
export function matchesFilter(row: TaskRow, filter: TaskFilter): boolean {
  for (const field of ['state', 'name', 'worker', 'queue'] as const) {
    if (filter[field] !== undefined && row[field] !== filter[field]) return false;
  }
  if (filter.text === undefined) return true;
  const text = filter.text.toLowerCase();
  const texts = [row.uuid, row.name, row.args, row.kwargs, row.result, row.exception];
  return texts.some((value) => value?.toLowerCase().includes(text));
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
