import { UmbelError } from '../../../lib/contract/errors.ts';
import type { TaskFilter } from '../../../lib/contract/filters.ts';
import type { History, ListRequest, PageRequest, Retention, StoredBucket, StoredPage } from './history.ts';
import { HistoryStore } from './store.ts';
import type { SqlValue } from './stored-task.ts';

/** The history in this thread: for tests, and where the compiled thread is not at hand. */
export class LocalHistory implements History {
  readonly #path: string;
  #store: HistoryStore | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  get notice(): string | null {
    return this.#store?.notice ?? null;
  }

  async start(): Promise<void> {
    this.#store ??= new HistoryStore(this.#path);
  }

  async stop(): Promise<void> {
    this.#store?.close();
    this.#store = null;
  }

  async write(rows: readonly (readonly SqlValue[])[]): Promise<void> {
    this.#open().write(rows);
  }

  async page(request: PageRequest): Promise<StoredPage> {
    return this.#open().page(request);
  }

  async list(request: ListRequest): Promise<unknown[]> {
    return this.#open().list(request);
  }

  async counts(filter: TaskFilter): Promise<Record<string, number>> {
    return this.#open().counts(filter);
  }

  async get(uuid: string): Promise<unknown> {
    return this.#open().get(uuid);
  }

  async recent(limit: number): Promise<unknown[]> {
    return this.#open().recent(limit);
  }

  async unfinished(limit: number): Promise<string[]> {
    return this.#open().unfinished(limit);
  }

  async childrenOf(uuid: string, limit: number): Promise<string[]> {
    return this.#open().childrenOf(uuid, limit);
  }

  async writeBuckets(buckets: readonly StoredBucket[]): Promise<void> {
    this.#open().writeBuckets(buckets);
  }

  async buckets(): Promise<StoredBucket[]> {
    return this.#open().buckets();
  }

  async prune(retention: Retention): Promise<boolean> {
    return this.#open().prune(retention);
  }

  #open(): HistoryStore {
    if (this.#store === null) throw new UmbelError('unavailable', 'The history is closed.');
    return this.#store;
  }
}
