import { Worker } from 'node:worker_threads';
import { UmbelError } from '../../../lib/contract/errors.ts';
import type { TaskFilter } from '../../../lib/contract/filters.ts';
import type {
  History,
  HistoryCalls,
  ListRequest,
  PageRequest,
  Retention,
  StoredBucket,
  StoredPage,
} from './history.ts';
import type { SqlValue } from './stored-task.ts';
import {
  bucketsSchema,
  countsSchema,
  idsSchema,
  pageSchema,
  replySchema,
  rowsSchema,
} from './thread-messages.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The history in a thread of its own, so that no query and no write holds up an event or a page. */
export class ThreadedHistory implements History {
  notice: string | null = null;
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #nextId = 1;

  constructor(path: string) {
    this.#path = path;
  }

  async start(): Promise<void> {
    if (this.#worker) return;
    const worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: { path: this.#path },
      // Flags of the main process (loaders, --input-type) are none of the thread's business.
      execArgv: [],
    });
    this.#worker = worker;
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: unknown) => this.#receive(message, resolve));
      worker.on('error', (error: Error) => {
        reject(error);
        this.#end(error);
      });
      worker.on('exit', () => this.#end(new UmbelError('unavailable', 'The history is closed.')));
    });
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage({ id: 0, method: 'close', args: [] });
    await ended;
  }

  async write(rows: readonly (readonly SqlValue[])[]): Promise<void> {
    await this.#call('write', rows);
  }

  async page(request: PageRequest): Promise<StoredPage> {
    return pageSchema.parse(await this.#call('page', request));
  }

  async list(request: ListRequest): Promise<unknown[]> {
    return rowsSchema.parse(await this.#call('list', request));
  }

  async counts(filter: TaskFilter): Promise<Record<string, number>> {
    return countsSchema.parse(await this.#call('counts', filter));
  }

  get(uuid: string): Promise<unknown> {
    return this.#call('get', uuid);
  }

  async recent(limit: number): Promise<unknown[]> {
    return rowsSchema.parse(await this.#call('recent', limit));
  }

  async unfinished(limit: number): Promise<string[]> {
    return idsSchema.parse(await this.#call('unfinished', limit));
  }

  async childrenOf(uuid: string, limit: number): Promise<string[]> {
    return idsSchema.parse(await this.#call('childrenOf', uuid, limit));
  }

  async writeBuckets(buckets: readonly StoredBucket[]): Promise<void> {
    await this.#call('writeBuckets', buckets);
  }

  async buckets(): Promise<StoredBucket[]> {
    return bucketsSchema.parse(await this.#call('buckets'));
  }

  async prune(retention: Retention): Promise<boolean> {
    return (await this.#call('prune', retention)) === true;
  }

  #call<K extends keyof HistoryCalls>(method: K, ...args: Parameters<HistoryCalls[K]>): Promise<unknown> {
    const worker = this.#worker;
    if (!worker) return Promise.reject(new UmbelError('unavailable', 'The history is closed.'));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ id, method, args });
    });
  }

  #receive(message: unknown, onReady: () => void): void {
    const reply = replySchema.parse(message);
    if ('ready' in reply) {
      this.notice = reply.notice;
      onReady();
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting?.resolve(reply.value);
    else waiting?.reject(new UmbelError(reply.code, reply.message));
  }

  #end(error: Error): void {
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
