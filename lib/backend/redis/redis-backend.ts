import type { ResultMeta } from '../../protocol/result.ts';
import { readResult } from '../../protocol/result.ts';
import { ConnectionGroup } from '../../redis/connection-group.ts';
import { messageOf } from '../../redis/failures.ts';
import { Outbox } from '../../redis/outbox.ts';
import { PubSub } from '../../redis/pub-sub.ts';
import { parseRedisUrl } from '../../redis/url.ts';
import type { Logger } from '../../util/logger.ts';
import {
  type BackendOptions,
  type ChordBackend,
  type ChordPart,
  type ChordProgress,
  DEFAULT_EXPIRES_SECONDS,
  type ResultBackend,
  type ResultRecord,
  type WaitOptions,
} from '../backend.ts';
import { StoredCodec } from '../stored-codec.ts';
import { waitFor } from '../waiter.ts';
import { ChordCounter } from './chord-counter.ts';
import { chordParts } from './chord-parts.ts';
import { GroupStore } from './group-store.ts';
import { ResultReader } from './reader.ts';
import { ResultWriter } from './writer.ts';

const FORGET_LIMIT_MS = 10_000;
const META = 'celery-task-meta-';

/** Results in Redis, with Celery's keys; the channel of a task has the name of its key (celery/backends/redis.py). */
export class RedisBackend implements ResultBackend, ChordBackend {
  readonly displayUrl: string;
  readonly #logger: Logger;
  readonly #prefix: string;
  readonly #group: ConnectionGroup;
  readonly #outbox: Outbox;
  readonly #pubSub: PubSub;
  readonly #writer: ResultWriter;
  readonly #reader: ResultReader;
  readonly #codec: StoredCodec;
  readonly #chords: ChordCounter;
  readonly #groups: GroupStore;

  constructor(url: string, options: BackendOptions) {
    const {
      logger,
      expiresSeconds = DEFAULT_EXPIRES_SECONDS,
      transportOptions = {},
      connectionTimeoutMs,
    } = options;
    const address = parseRedisUrl(url, options);
    this.displayUrl = address.display;
    this.#logger = logger;
    this.#prefix = keyPrefix(transportOptions['global_keyprefix']);
    this.#group = new ConnectionGroup({
      address,
      logger,
      ...(connectionTimeoutMs === undefined ? {} : { connectionTimeoutMs }),
    });
    this.#outbox = new Outbox(this.#group);
    this.#pubSub = new PubSub(this.#group);
    const seconds = Math.max(0, Math.trunc(expiresSeconds ?? 0));
    this.#codec = new StoredCodec(options);
    this.#writer = new ResultWriter(this.#outbox, (taskId) => this.#keyOf(taskId), seconds, this.#codec);
    this.#reader = new ResultReader(this.#outbox, this.#codec);
    const parts = chordParts(transportOptions['result_chord_ordered']);
    this.#chords = new ChordCounter(this.#outbox, this.#prefix, seconds, this.#codec, parts);
    this.#groups = new GroupStore(this.#outbox, this.#prefix, seconds, this.#codec);
  }

  start(): Promise<void> {
    return this.#group.start();
  }

  async stop(): Promise<void> {
    await this.#group.stop();
    this.#outbox.close();
  }

  store(record: ResultRecord): Promise<void> {
    return this.#writer.store(record);
  }

  get(taskId: string): Promise<ResultMeta | null> {
    return this.#reader.read(this.#keyOf(taskId));
  }

  wait(taskId: string, options: WaitOptions = {}): Promise<ResultMeta> {
    const source = {
      watch: (id: string, onState: (meta: ResultMeta) => void) => this.watch(id, onState),
      get: (id: string) => this.get(id),
      onGap: (listener: () => void) => this.#group.onUp(listener),
    };
    return waitFor(source, taskId, options);
  }

  watch(taskId: string, onState: (meta: ResultMeta) => void): Promise<() => Promise<void>> {
    return this.#pubSub.listen('channel', this.#keyOf(taskId), (text, _channel, bytes) => {
      const meta = this.#decode(this.#codec.isBinary ? bytes : text);
      if (meta) onState(meta);
    });
  }

  async forget(taskId: string): Promise<void> {
    await this.#outbox.send((link) => link.call('del', [this.#keyOf(taskId)]), {
      what: 'forget a result',
      deadlineMs: FORGET_LIMIT_MS,
    });
  }

  setChordSize(groupId: string, size: number): Promise<void> {
    return this.#chords.setSize(groupId, size);
  }

  addToChord(groupId: string): Promise<void> {
    return this.#chords.add(groupId);
  }

  recordChordPart(part: ChordPart): Promise<ChordProgress> {
    return this.#chords.record(part);
  }

  forgetChord(groupId: string): Promise<void> {
    return this.#chords.forget(groupId);
  }

  saveGroup(groupId: string, text: string): Promise<void> {
    return this.#groups.save(groupId, text);
  }

  readGroup(groupId: string): Promise<unknown> {
    return this.#groups.read(groupId);
  }

  deleteGroup(groupId: string): Promise<void> {
    return this.#groups.delete(groupId);
  }

  #keyOf(taskId: string): string {
    return `${this.#prefix}${META}${taskId}`;
  }

  #decode(stored: string | Buffer): ResultMeta | null {
    try {
      return readResult(this.#codec.decode(stored));
    } catch (error) {
      this.#logger.warning(`A published result cannot be read: ${messageOf(error)}`);
      return null;
    }
  }
}

/** Celery puts an underscore behind a prefix that does not end in a separator (KeyValueStoreBackend). */
function keyPrefix(option: unknown): string {
  if (typeof option !== 'string' || option === '') return '';
  return /[:_\-.]$/.test(option) ? option : `${option}_`;
}
