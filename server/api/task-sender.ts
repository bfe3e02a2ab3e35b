import { hostname } from 'node:os';
import type { ResultBackend } from '../../lib/backend/backend.ts';
import { UmbelError } from '../../lib/contract/errors.ts';
import { reprArgs, reprKwargs } from '../../lib/protocol/repr.ts';
import type { ResultMeta } from '../../lib/protocol/result.ts';
import { encodeTaskMessage } from '../../lib/protocol/task-message.ts';
import { nowSeconds, uuid } from '../../lib/util/clock.ts';
import type { Collector } from '../collector/collector.ts';
import { readResult } from './read-result.ts';

const DEFAULT_QUEUE = 'celery';
const MAX_WAITS = 100;

export interface SendRequest {
  readonly task: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly id?: string;
  readonly queue?: string;
  readonly exchange?: string;
  readonly routingKey?: string;
  /** ISO 8601 with offset. */
  readonly eta?: string | null;
  readonly expires?: string | null;
  readonly priority?: number;
  readonly timeLimit?: number;
  readonly softTimeLimit?: number;
}

/** Sends tasks in the dashboard's name. */
export class TaskSender {
  readonly #collector: Collector;
  readonly #origin = `gen${process.pid}@${hostname()}`;
  readonly #replyTo = uuid();
  #waits = 0;

  constructor(collector: Collector) {
    this.#collector = collector;
  }

  /** Resolves with the id when the broker has the message. */
  async send(request: SendRequest): Promise<string> {
    const {
      id = uuid(),
      queue = DEFAULT_QUEUE,
      exchange = '',
      eta = null,
      expires = null,
      ...rest
    } = request;
    const routingKey = request.routingKey ?? queue;
    const call = { ...rest, id, eta, expires, origin: this.#origin, replyTo: this.#replyTo };
    const message = encodeTaskMessage({
      ...call,
      argsrepr: reprArgs(rest.args),
      kwargsrepr: reprKwargs(rest.kwargs),
    });
    await this.#collector.link.transport.publish({ exchange, routingKey }, message);
    this.#noteSent(request, id, exchange, routingKey);
    return id;
  }

  /** Waits for a result. When it does not come in time, its state as it is then. */
  async wait(id: string, seconds: number): Promise<ResultMeta | null> {
    if (this.#waits >= MAX_WAITS) {
      throw new UmbelError('unavailable', 'Too many calls wait for results. Try again later.');
    }
    this.#waits += 1;
    try {
      const { backend } = this.#collector.link;
      return await readResult(() => waitOrGet(backend, id, seconds));
    } finally {
      this.#waits -= 1;
    }
  }

  /** The dashboard's own sending is no news to it: a worker's events only tell of the task once it is received. */
  #noteSent(request: SendRequest, id: string, exchange: string, routingKey: string): void {
    const now = nowSeconds();
    const event = {
      type: 'task-sent',
      timestamp: now,
      hostname: this.#origin,
      pid: process.pid,
      uuid: id,
      root_id: id,
      parent_id: null,
      name: request.task,
      args: reprArgs(request.args),
      kwargs: reprKwargs(request.kwargs),
      retries: 0,
      eta: request.eta ?? null,
      expires: request.expires ?? null,
      queue: request.queue ?? routingKey,
      exchange,
      routing_key: routingKey,
    };
    this.#collector.monitor.apply([event], now);
  }
}

async function waitOrGet(backend: ResultBackend, id: string, seconds: number): Promise<ResultMeta | null> {
  try {
    return await backend.wait(id, { timeoutMs: seconds * 1000 });
  } catch (thrown) {
    if (thrown instanceof UmbelError && thrown.code === 'timeout') return backend.get(id);
    throw thrown;
  }
}
