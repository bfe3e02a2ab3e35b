import { UmbelError } from '../../contract/errors.ts';
import { READY_STATES } from '../../contract/states.ts';
import { DEFAULT_MAX_BYTES, decodePayload, type PayloadLimits } from '../../protocol/payload.ts';
import { type ResultMeta, readResult } from '../../protocol/result.ts';
import { JSON_SERIALIZER, type Serializer } from '../../protocol/serializer.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { ReplyQueue, Transport } from '../../transport/transport.ts';
import type { Logger } from '../../util/logger.ts';
import {
  type BackendOptions,
  DEFAULT_EXPIRES_SECONDS,
  type ResultBackend,
  type ResultRecord,
  type WaitOptions,
} from '../backend.ts';
import { StoredCodec } from '../stored-codec.ts';
import { waitFor } from '../waiter.ts';

/** What results over the broker need of the app. */
export interface RpcParts {
  /** The started broker. */
  readonly transport: () => Promise<Transport>;
  /** The app's own id: `reply_to` of what it sends, and the name of its queue. */
  readonly oid: string;
}

/** Results that nobody has asked for are kept up to this number and size, the newest ones. */
const MAX_RESULTS = 10_000;
const MAX_BYTES = 256 * 1024 * 1024;

interface Kept {
  readonly meta: ResultMeta;
  /** Of the message's body. */
  readonly bytes: number;
}

/**
 * `rpc://`: a worker sends results to the queue that the task's message names, and only the process that sent the task
 * reads them there (celery/backends/rpc.py). Nothing is stored: no groups that others can read, and no chords.
 */
export class RpcBackend implements ResultBackend {
  readonly displayUrl = 'rpc://';
  readonly #parts: RpcParts;
  readonly #logger: Logger;
  readonly #serializer: Serializer;
  readonly #codec: StoredCodec;
  readonly #limits: PayloadLimits;
  readonly #expiresSeconds: number;
  readonly #results = new Map<string, Kept>();
  #bytes = 0;
  readonly #watchers = new Map<string, Set<(meta: ResultMeta) => void>>();
  #queue: Promise<ReplyQueue> | null = null;
  #isFull = false;

  constructor(parts: RpcParts, options: BackendOptions) {
    const {
      serializer = JSON_SERIALIZER,
      accept,
      expiresSeconds = DEFAULT_EXPIRES_SECONDS,
      logger,
    } = options;
    this.#parts = parts;
    this.#logger = logger;
    this.#serializer = serializer;
    this.#codec = new StoredCodec(options);
    this.#limits = {
      accept: accept ?? new Set([serializer.contentType]),
      maxBytes: DEFAULT_MAX_BYTES,
    };
    this.#expiresSeconds = expiresSeconds ?? 0;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    const queue = this.#queue;
    this.#queue = null;
    await (await queue?.catch(() => null))?.close();
  }

  /** Opens the queue that results come to: before the first task is sent, or its result may find no queue. */
  async listen(): Promise<void> {
    this.#queue ??= this.#open().catch((error: unknown) => {
      this.#queue = null;
      throw error;
    });
    await this.#queue;
  }

  /** Sends a result to who asked. Without an address nobody waits for it, and it is dropped, as in Celery. */
  async store({ taskId, text, replyTo }: ResultRecord): Promise<void> {
    if (!replyTo) return;
    const message: WireMessage = {
      headers: {},
      properties: { correlation_id: taskId, delivery_mode: 1, priority: 0 },
      contentType: this.#serializer.contentType,
      contentEncoding: this.#serializer.contentEncoding,
      body: this.#codec.encode(text),
    };
    const transport = await this.#parts.transport();
    try {
      await transport.publish({ exchange: '', routingKey: replyTo, isReply: true }, message);
    } catch (error) {
      // Who asked is gone, and its queue too.
      if (!(error instanceof UmbelError && error.code === 'not_found')) throw error;
    }
  }

  async get(taskId: string): Promise<ResultMeta | null> {
    await this.listen();
    return this.#results.get(taskId)?.meta ?? null;
  }

  wait(taskId: string, options: WaitOptions = {}): Promise<ResultMeta> {
    return waitFor(this, taskId, options);
  }

  async watch(taskId: string, onState: (meta: ResultMeta) => void): Promise<() => Promise<void>> {
    await this.listen();
    const watchers = this.#watchers.get(taskId) ?? new Set();
    this.#watchers.set(taskId, watchers);
    watchers.add(onState);
    return async () => {
      watchers.delete(onState);
      if (watchers.size === 0) this.#watchers.delete(taskId);
    };
  }

  async forget(taskId: string): Promise<void> {
    this.#drop(taskId);
  }

  #drop(taskId: string): void {
    this.#bytes -= this.#results.get(taskId)?.bytes ?? 0;
    this.#results.delete(taskId);
  }

  async #open(): Promise<ReplyQueue> {
    const transport = await this.#parts.transport();
    return transport.openReplyQueue('', (message) => this.#receive(message), {
      routingKey: this.#parts.oid,
      expiresSeconds: this.#expiresSeconds,
    });
  }

  #receive(message: WireMessage): void {
    const meta = readResult(decodePayload(message, this.#limits));
    const known = this.#results.get(meta.taskId)?.meta;
    // A message that was sent twice may bring an old state after the last.
    if (known && READY_STATES.has(known.status) && !READY_STATES.has(meta.status)) return;
    this.#drop(meta.taskId);
    const bytes = message.body.length;
    this.#bytes += bytes;
    this.#results.set(meta.taskId, { meta, bytes });
    while (this.#results.size > MAX_RESULTS || (this.#bytes > MAX_BYTES && this.#results.size > 1)) {
      this.#dropOldest();
    }
    for (const watcher of [...(this.#watchers.get(meta.taskId) ?? [])]) watcher(meta);
  }

  #dropOldest(): void {
    const [oldest] = this.#results.keys();
    if (oldest !== undefined) this.#drop(oldest);
    if (this.#isFull) return;
    this.#isFull = true;
    this.#logger.warning(
      `More than ${MAX_RESULTS} results over rpc://, or 256 MB of them, were not asked for: the oldest are dropped. ` +
        'Use ignoreResult for tasks whose result nobody needs, or forget().',
    );
  }
}

/** Whether results go over the broker. */
export function isRpcUrl(url: string | null): boolean {
  return url !== null && /^rpc(:|$)/.test(url);
}
