import { decodeEnvelope } from '../../protocol/envelope.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { ConnectionGroup } from '../../redis/connection-group.ts';
import { ConnectionLost, messageOf } from '../../redis/failures.ts';
import type { Link } from '../../redis/link.ts';
import type { Outbox } from '../../redis/outbox.ts';
import { uuid } from '../../util/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { ReplyQueue, ReplyQueueOptions } from '../transport.ts';
import type { Bindings } from './bindings.ts';
import type { Keys } from './keys.ts';

export interface ReplyQueueParts {
  readonly group: ConnectionGroup;
  readonly outbox: Outbox;
  readonly bindings: Bindings;
  readonly keys: Keys;
  readonly logger: Logger;
}

const WAIT_SECONDS = 1;
const AFTER_ERROR_MS = 1_000;
/** Clients that were killed leave their names in the binding set: it goes away a day after the last one that lives. */
const BINDING_EXPIRES_SECONDS = 86_400;
const REFRESH_MS = 3_600_000;

/** A private list for the replies of remote control, read over a connection of its own until it is closed. */
export class RedisReplyQueue implements ReplyQueue {
  readonly exchange: string;
  readonly routingKey: string;
  readonly #parts: ReplyQueueParts;
  readonly #onMessage: (message: WireMessage) => void;
  readonly #unsubscribe: () => void;
  #link: Link | null = null;
  #loop: Promise<void> | null = null;
  #rest: (() => void) | null = null;
  #refresh: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(
    parts: ReplyQueueParts,
    exchange: string,
    onMessage: (message: WireMessage) => void,
    { routingKey = uuid() }: ReplyQueueOptions,
  ) {
    this.#parts = parts;
    this.exchange = exchange;
    this.routingKey = routingKey;
    this.#onMessage = onMessage;
    this.#unsubscribe = parts.group.onUp(() => this.#wake());
  }

  get #queue(): string {
    return this.exchange === '' ? this.routingKey : `${this.routingKey}.${this.exchange}`;
  }

  async open(): Promise<void> {
    const { group, bindings } = this.#parts;
    this.#link = await group.add({ name: 'replies' });
    if (this.exchange !== '') {
      await bindings.bind(this.exchange, this.#binding);
      await this.#extend();
      this.#refresh = setInterval(() => void this.#extend(), REFRESH_MS);
      this.#refresh.unref();
    }
    this.#loop = this.#run(this.#link);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { group, bindings, outbox, keys, logger } = this.#parts;
    this.#unsubscribe();
    if (this.#refresh) clearInterval(this.#refresh);
    if (this.#link) group.remove(this.#link);
    this.#wake();
    await this.#loop;
    if (group.isStopped) return;
    try {
      if (this.exchange !== '') await bindings.unbind(this.exchange, this.#binding);
      await outbox.send((link) => link.call('del', keys.lists(this.#queue)), {
        what: 'delete the reply queue',
        deadlineMs: 2000,
      });
    } catch (error) {
      // Only garbage is left behind, and the next reply to it has an expiry.
      logger.warning(messageOf(error));
    }
  }

  get #binding(): { routingKey: string; pattern: string; queue: string } {
    return { routingKey: this.routingKey, pattern: '', queue: this.#queue };
  }

  async #extend(): Promise<void> {
    const { outbox, keys, logger } = this.#parts;
    const key = keys.binding(this.exchange);
    try {
      await outbox.send((link) => link.call('expire', [key, BINDING_EXPIRES_SECONDS]), {
        what: 'extend the reply binding',
        deadlineMs: 10_000,
      });
    } catch (error) {
      logger.warning(messageOf(error));
    }
  }

  #wake(): void {
    const rest = this.#rest;
    this.#rest = null;
    rest?.();
  }

  async #run(link: Link): Promise<void> {
    const list = this.#parts.keys.list(this.#queue, 0);
    while (!this.#isClosed && !this.#parts.group.isStopped) {
      try {
        const reply = await link.call('brpop', [list, WAIT_SECONDS]);
        if (Array.isArray(reply)) this.#deliver(String(reply[1]));
      } catch (error) {
        await this.#pause(error);
      }
    }
  }

  #deliver(text: string): void {
    try {
      this.#onMessage(decodeEnvelope(text));
    } catch (error) {
      this.#parts.logger.warning(`A reply to remote control cannot be read: ${messageOf(error)}`);
    }
  }

  async #pause(error: unknown): Promise<void> {
    const { group, logger } = this.#parts;
    if (this.#isClosed || group.isStopped) return;
    if (!(error instanceof ConnectionLost)) {
      logger.warning(`Cannot read replies of remote control: ${messageOf(error)}`);
      await new Promise((resolve) => setTimeout(resolve, AFTER_ERROR_MS));
    } else if (!group.isUp) {
      await new Promise<void>((resolve) => {
        this.#rest = resolve;
      });
    } else {
      group.drop(messageOf(error));
    }
  }
}
