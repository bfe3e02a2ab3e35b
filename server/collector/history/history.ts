import type { TaskFilter } from '../../../lib/contract/filters.ts';
import type { Service } from '../../../lib/util/service.ts';
import type { SqlValue } from './stored-task.ts';

/** Where a page ends: the place of its last row in the order of the list. */
export interface PageRequest {
  readonly filter: TaskFilter;
  /** Cursor of the page before; null for the newest rows. */
  readonly before: string | null;
  readonly limit: number;
}

export interface StoredPage {
  /** Rows for `decodeTask`, newest first. */
  readonly rows: readonly unknown[];
  readonly cursor: string | null;
}

/** What `GET /api/tasks` asks for. */
export interface ListRequest {
  readonly filter: TaskFilter;
  /** In Flower's search language. */
  readonly search: string;
  readonly receivedFrom: number | null;
  readonly receivedTo: number | null;
  readonly order: ListOrder;
  readonly isDescending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export const LIST_ORDERS = ['timestamp', 'name', 'state', 'received', 'started'] as const;
export type ListOrder = (typeof LIST_ORDERS)[number];

export interface StoredBucket {
  readonly step: number;
  readonly at: number;
  readonly data: string;
}

export interface Retention {
  readonly maxTasks: number;
  /** Tasks older than this time are dropped. */
  readonly oldest: number;
}

/** What the store can do, in one thread or in another. Calls are served in their order. */
export interface HistoryCalls {
  /** Writes rows of `encodeTask`. */
  write(rows: readonly (readonly SqlValue[])[]): void;
  page(request: PageRequest): StoredPage;
  list(request: ListRequest): unknown[];
  /** How many tasks match in each state. */
  counts(filter: TaskFilter): Record<string, number>;
  get(uuid: string): unknown;
  /** The last `limit` rows, newest first. */
  recent(limit: number): unknown[];
  /** Ids of tasks that were left unfinished, newest first. */
  unfinished(limit: number): string[];
  childrenOf(uuid: string, limit: number): string[];
  writeBuckets(buckets: readonly StoredBucket[]): void;
  buckets(): StoredBucket[];
  /** Drops what is too old or too much, a part at a time; returns whether there is more to drop. */
  prune(retention: Retention): boolean;
}

type Async<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => Promise<R> : never;
};

/** Tasks and throughput on disk (or in memory only): what survives a restart and what lists are read from. */
export interface History extends Service, Async<HistoryCalls> {
  /** What happened when it was opened and is worth a line in the log. */
  readonly notice: string | null;
}
