import { UmbelError } from '../contract/errors.ts';
import { WhenEmpty } from '../util/when-empty.ts';
import type { ConnectionGroup } from './connection-group.ts';
import { ConnectionLost, isPassing, messageOf } from './failures.ts';
import type { Link } from './link.ts';

export interface SendOptions {
  /** Milliseconds until it rejects with `UmbelError('unavailable')`; without it, it waits for the connection for ever. */
  readonly deadlineMs?: number;
  /** Size, for the bound on what waits. Default 100. */
  readonly bytes?: number;
  /** What is being done, for the error: `publish to celery`. */
  readonly what: string;
}

interface Item {
  readonly number: number;
  readonly attempt: (link: Link) => Promise<unknown>;
  readonly options: SendOptions;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
  timer: NodeJS.Timeout | null;
  isSettled: boolean;
}

export interface OutboxOptions {
  /** Bytes that may be unanswered or wait for the connection; beyond that `send` rejects at once. Default 256 MB. */
  readonly maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
const DEFAULT_BYTES = 100;

/**
 * Sends over the command connection in order, and again in the same order when the connection is lost before the
 * answer: so each attempt must do no harm when it runs twice. What is sent while there is no connection waits.
 */
export class Outbox {
  readonly #group: ConnectionGroup;
  readonly #maxBytes: number;
  readonly #unsubscribe: () => void;
  readonly #whenEmpty = new WhenEmpty();
  #waiting: Item[] = [];
  #bytes = 0;
  #inFlight = 0;
  #count = 0;

  constructor(group: ConnectionGroup, { maxBytes = DEFAULT_MAX_BYTES }: OutboxOptions = {}) {
    this.#group = group;
    this.#maxBytes = maxBytes;
    this.#unsubscribe = group.onUp(() => this.#sendWaiting());
  }

  /** Nothing is waiting for an answer. */
  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#waiting.length === 0;
  }

  send(attempt: (link: Link) => Promise<unknown>, options: SendOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#count += 1;
      const item: Item = {
        number: this.#count,
        attempt,
        options,
        resolve,
        reject,
        timer: null,
        isSettled: false,
      };
      const isFull = this.#bytes + sizeOf(item) > this.#maxBytes;
      if (isFull || this.#group.isStopped) {
        const reason = isFull ? 'too much is under way already' : 'the connection was closed';
        this.#fail(item, this.#unavailable(item, reason));
        return;
      }
      this.#bytes += sizeOf(item);
      if (this.#group.isUp) this.#try(item);
      else this.#waiting.push(item);
      // Last, so that it is on its way first.
      if (options.deadlineMs !== undefined) {
        item.timer = setTimeout(() => this.#expire(item), options.deadlineMs);
      }
    });
  }

  /** Resolves when nothing is under way any more, after `limitMs` at the latest. */
  async settled(limitMs: number): Promise<void> {
    if (this.#inFlight > 0) await this.#whenEmpty.wait(limitMs);
  }

  /** Rejects everything that still waits. */
  close(): void {
    this.#unsubscribe();
    for (const item of this.#waiting) this.#fail(item, this.#unavailable(item, 'the connection was closed'));
    this.#waiting = [];
    this.#bytes = 0;
  }

  #try(item: Item): void {
    this.#inFlight += 1;
    item.attempt(this.#group.command).then(
      (reply) => {
        this.#bytes -= sizeOf(item);
        this.#settle(item);
        item.resolve(reply);
        this.#answered();
      },
      (error: unknown) => {
        this.#failed(item, error);
        this.#answered();
      },
    );
  }

  #answered(): void {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#whenEmpty.tell();
  }

  #failed(item: Item, error: unknown): void {
    if (isPassing(error)) this.#group.refused(error);
    const mayComeBack = isPassing(error) || error instanceof ConnectionLost;
    if (mayComeBack && !item.isSettled && !this.#group.isStopped) {
      this.#waiting.push(item);
      return;
    }
    this.#bytes -= sizeOf(item);
    if (mayComeBack) {
      this.#fail(item, this.#unavailable(item, 'the connection was closed'));
    } else {
      const reason = `Redis refused to ${item.options.what}: ${messageOf(error)}`;
      this.#fail(item, new UmbelError('unavailable', reason, { cause: error }));
    }
  }

  #sendWaiting(): void {
    const items = this.#waiting.sort((a, b) => a.number - b.number);
    this.#waiting = [];
    for (const item of items) this.#try(item);
  }

  #expire(item: Item): void {
    const index = this.#waiting.indexOf(item);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      this.#bytes -= sizeOf(item);
      this.#fail(item, this.#unavailable(item, this.#group.lastReason || 'not connected'));
    } else {
      this.#fail(item, this.#unavailable(item, 'no answer yet; it may still arrive there'));
    }
  }

  #unavailable(item: Item, reason: string): UmbelError {
    return new UmbelError(
      'unavailable',
      `Cannot ${item.options.what} at ${this.#group.address.display}: ${reason}.`,
    );
  }

  #fail(item: Item, error: Error): void {
    if (item.isSettled) return;
    this.#settle(item);
    item.reject(error);
  }

  #settle(item: Item): void {
    item.isSettled = true;
    if (item.timer) clearTimeout(item.timer);
  }
}

function sizeOf(item: Item): number {
  return item.options.bytes ?? DEFAULT_BYTES;
}
