import { setTimeout as sleep } from 'node:timers/promises';
import { toError, UmbelError } from '../../contract/errors.ts';
import { isRecord } from '../../protocol/record.ts';
import { type ResultMeta, readResult } from '../../protocol/result.ts';
import type { Logger } from '../../util/logger.ts';
import {
  type BackendOptions,
  DEFAULT_EXPIRES_SECONDS,
  type GroupBackend,
  type ResultBackend,
  type ResultRecord,
  type WaitOptions,
} from '../backend.ts';
import { Poller, type Records } from '../poller.ts';
import { StoredCodec } from '../stored-codec.ts';
import { TurnBatch } from '../turn-batch.ts';
import { waitFor } from '../waiter.ts';
import { FileStore } from './file-store.ts';
import { MemoryStore } from './memory-store.ts';
import type { KeyValueStore } from './store.ts';

const TASK = 'celery-task-meta-';
const GROUP = 'celery-taskset-meta-';
const MAX_RECORDS = 50;
const READ_AGAIN_MS = 20;

/** Results under Celery's keys where nothing tells of changes (KeyValueStoreBackend): in files, or in memory. */
export class KeyValueBackend implements ResultBackend, GroupBackend {
  readonly displayUrl: string;
  readonly #logger: Logger;
  readonly #store: KeyValueStore;
  readonly #codec: StoredCodec;
  readonly #expiresSeconds: number;
  readonly #writes = new TurnBatch<ResultRecord>((records) => this.#storeAll(records), MAX_RECORDS);
  readonly #poller = new Poller(
    (taskIds) => this.#readAll(taskIds),
    (taskId, { message }) => this.#logger.warning(`The result of task ${taskId} cannot be read: ${message}`),
  );

  /** For `file:///folder` or `cache+memory://`. Throws `UmbelError('unsupported')` for another cache. */
  constructor(url: string, options: BackendOptions) {
    this.displayUrl = url;
    this.#logger = options.logger;
    this.#codec = new StoredCodec(options);
    const { expiresSeconds = DEFAULT_EXPIRES_SECONDS } = options;
    this.#expiresSeconds = expiresSeconds ?? 0;
    this.#store = openStore(url, this.#expiresSeconds);
  }

  start(): Promise<void> {
    return this.#store.open();
  }

  async stop(): Promise<void> {
    this.#poller.stop();
  }

  store(record: ResultRecord): Promise<void> {
    return this.#writes.add(record);
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    try {
      return await this.#read(taskId);
    } catch {
      // Celery writes where others read: it may have been half of it.
      await sleep(READ_AGAIN_MS);
      return this.#read(taskId);
    }
  }

  wait(taskId: string, options: WaitOptions = {}): Promise<ResultMeta> {
    return waitFor(this, taskId, options);
  }

  watch(taskId: string, onState: (meta: ResultMeta) => void): Promise<() => Promise<void>> {
    return this.#poller.watch(taskId, onState);
  }

  forget(taskId: string): Promise<void> {
    return this.#store.delete(TASK + taskId);
  }

  saveGroup(groupId: string, text: string): Promise<void> {
    return this.#store.write(GROUP + groupId, Buffer.from(this.#codec.encode(text)));
  }

  async readGroup(groupId: string): Promise<unknown> {
    const stored = await this.#store.read(GROUP + groupId);
    const saved = stored === null ? null : this.#codec.decode(Buffer.from(stored));
    return isRecord(saved) ? (saved['result'] ?? null) : null;
  }

  deleteGroup(groupId: string): Promise<void> {
    return this.#store.delete(GROUP + groupId);
  }

  /** Deletes results and groups older than `result_expires`; nothing when they are kept for ever. */
  async cleanup(): Promise<void> {
    if (this.#expiresSeconds > 0) await this.#store.deleteBefore(Date.now() - this.#expiresSeconds * 1000);
  }

  async #read(taskId: string): Promise<ResultMeta | null> {
    const stored = await this.#store.read(TASK + taskId);
    return stored === null ? null : readResult(this.#codec.decode(Buffer.from(stored)));
  }

  async #storeAll(records: readonly ResultRecord[]): Promise<void> {
    for (const { taskId, text } of records) {
      if (await this.#hasSucceeded(taskId)) continue;
      await this.#store.write(TASK + taskId, Buffer.from(this.#codec.encode(text)));
    }
    this.#poller.touch(new Set(records.map(({ taskId }) => taskId)));
  }

  async #hasSucceeded(taskId: string): Promise<boolean> {
    try {
      return (await this.get(taskId))?.status === 'SUCCESS';
    } catch {
      // What nobody can read may be overwritten.
      return false;
    }
  }

  async #readAll(taskIds: readonly string[]): Promise<Records> {
    const found = new Map<string, ResultMeta | Error>();
    for (const taskId of taskIds) {
      const record = await this.get(taskId).catch(toError);
      if (record) found.set(taskId, record);
    }
    return found;
  }
}

/** Whether `url` is one that `KeyValueBackend` takes. */
export function isKeyValueUrl(url: string): boolean {
  return /^(file|cache(\+\w+)?|cache\+memory):\/\//i.test(url);
}

function openStore(url: string, expiresSeconds: number): KeyValueStore {
  const folder = /^file:\/\/(?:localhost(?=\/))?(.+)$/i.exec(url)?.[1];
  if (folder) return new FileStore(folder);
  if (/^cache\+memory:\/\//i.test(url)) return new MemoryStore(expiresSeconds * 1000);
  throw new UmbelError(
    'unsupported',
    /^file:/i.test(url)
      ? 'The result backend file:// names no folder. Write file:///var/lib/results.'
      : 'Memcached forgets results when it is full, and is not supported. Use redis://, or cache+memory:// for tests.',
  );
}
