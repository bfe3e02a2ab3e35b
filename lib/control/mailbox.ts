import { UmbelError } from '../contract/errors.ts';
import { decodeControlReply, encodeControlRequest } from '../protocol/control.ts';
import type { Serializer } from '../protocol/serializer.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ReplyQueue, Transport } from '../transport/transport.ts';
import { type LamportClock, MAX_TIMER_MS, nowSeconds, uuid } from '../util/clock.ts';

/** `control_exchange` when nobody sets it. */
const CONTROL_EXCHANGE = 'celery';

/** Exchanges of requests and of replies (kombu/pidbox.py). */
export function controlExchanges(name = CONTROL_EXCHANGE): {
  readonly requests: string;
  readonly replies: string;
} {
  return { requests: `${name}.pidbox`, replies: `reply.${name}.pidbox` };
}

const DEFAULT_TIMEOUT_MS = 1000;
const MAX_PENDING = 1000;
/** Two workers of one process listen as one: after the last expected reply, the wait for another. */
const STRAGGLER_MS = 25;
/** Commands that also hold for workers that start later. */
const LASTING = new Set(['revoke', 'terminate']);

export interface BroadcastOptions {
  /** Keyword arguments of the command. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Node names; everybody when absent. */
  readonly destination?: readonly string[];
  readonly pattern?: string;
  readonly matcher?: 'glob' | 'pcre';
  /** Wait for replies. Default true. */
  readonly reply?: boolean;
  /** Milliseconds to wait since the request or the last reply. Default 1000. */
  readonly timeoutMs?: number;
  /** Return as soon as so many replied. Default: as many as there are destinations. */
  readonly limit?: number;
}

/** One worker's reply: `{hostname: value}`. */
export type ControlReplies = Readonly<Record<string, unknown>>[];

export interface MailboxOptions {
  readonly transport: Transport;
  readonly clock: LamportClock;
  /** Of requests: `task_serializer`. Default JSON. */
  readonly serializer?: Serializer;
  /** `control_exchange`. Default `celery`. */
  readonly exchange?: string;
}

interface Pending {
  readonly add: (replies: Readonly<Record<string, unknown>>) => void;
  /** So many were reached: when all have answered there is nothing more to wait for. */
  readonly expect: (listeners: number) => void;
}

interface Collection {
  readonly replies: Promise<ControlReplies>;
  readonly pending: Pending;
}

/**
 * The asking side of remote control. All requests share one reply queue, which is opened with the first of them;
 * replies find their request by its ticket, late ones are dropped.
 */
export class Mailbox {
  readonly #transport: Transport;
  readonly #clock: LamportClock;
  readonly #serializer: Serializer | undefined;
  readonly #exchanges: ReturnType<typeof controlExchanges>;
  readonly #pending = new Map<string, Pending>();
  #queue: Promise<ReplyQueue> | null = null;

  constructor({ transport, clock, serializer, exchange }: MailboxOptions) {
    this.#exchanges = controlExchanges(exchange);
    this.#serializer = serializer;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Sends a command to all workers or some and collects what they answer; `[]` when nobody did in time. */
  async broadcast(method: string, options: BroadcastOptions = {}): Promise<ControlReplies> {
    const { reply = true, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (LASTING.has(method) && !options.destination && !options.pattern) await this.#keepRevoked(options);
    if (!reply) {
      await this.#send(method, options, null, 0);
      return [];
    }
    if (this.#pending.size >= MAX_PENDING) {
      throw new UmbelError(
        'unavailable',
        'Too many remote control requests wait for replies; try again later.',
      );
    }
    const ticket = uuid();
    const queue = await this.#open();
    const limit = options.limit ?? options.destination?.length ?? Number.POSITIVE_INFINITY;
    const { replies, pending } = this.#collect(ticket, limit, timeoutMs);
    try {
      const listeners = await this.#send(method, options, { ticket, queue }, nowSeconds() + timeoutMs / 1000);
      if (listeners !== null) pending.expect(listeners);
    } catch (error) {
      this.#pending.delete(ticket);
      throw error;
    }
    return replies;
  }

  /** Deletes the reply queue. Requests that still wait end with what they have. */
  async close(): Promise<void> {
    const queue = this.#queue;
    this.#queue = null;
    // One that never opened has told its user.
    await (await queue?.catch(() => null))?.close();
  }

  /** A revoke that no worker hears is lost in Celery: the broker keeps it for those that come. */
  async #keepRevoked({ arguments: given }: BroadcastOptions): Promise<void> {
    const ids = given?.['task_id'];
    const list = Array.isArray(ids) ? ids.map(String) : [String(ids ?? '')];
    try {
      await this.#transport.revokedTasks?.add(list.filter((id) => id !== ''));
    } catch {
      // A broker that is full refuses it; those that listen are told all the same.
    }
  }

  #open(): Promise<ReplyQueue> {
    this.#queue ??= this.#transport
      .openReplyQueue(this.#exchanges.replies, (message) => this.#receive(message))
      .catch((error) => {
        this.#queue = null;
        throw error;
      });
    return this.#queue;
  }

  #send(
    method: string,
    options: BroadcastOptions,
    reply: { ticket: string; queue: ReplyQueue } | null,
    expiresAt: number,
  ): Promise<number | null> {
    const request = encodeControlRequest(
      {
        method,
        arguments: options.arguments ?? {},
        destination: options.destination ?? null,
        pattern: options.pattern ?? null,
        matcher: options.matcher ?? null,
        ticket: reply?.ticket ?? null,
        replyTo: reply ? { exchange: reply.queue.exchange, routingKey: reply.queue.routingKey } : null,
      },
      this.#clock.forward(),
      expiresAt,
      this.#serializer,
    );
    return this.#transport.broadcast(this.#exchanges.requests, '', request);
  }

  #collect(ticket: string, limit: number, timeoutMs: number): Collection {
    const replies: ControlReplies = [];
    let expected = Number.POSITIVE_INFINITY;
    let finish: (replies: ControlReplies) => void = () => {};
    const collected = new Promise<ControlReplies>((resolve) => {
      finish = resolve;
    });
    const end = (): void => {
      clearTimeout(timer);
      this.#pending.delete(ticket);
      finish(replies);
    };
    let timer = setTimeout(end, Math.min(timeoutMs, MAX_TIMER_MS));
    const look = (): void => {
      if (replies.length >= limit) end();
      else if (replies.length >= expected) {
        clearTimeout(timer);
        timer = setTimeout(end, expected === 0 ? 0 : STRAGGLER_MS);
      }
    };
    const pending: Pending = {
      add: (reply) => {
        replies.push(reply);
        timer.refresh();
        look();
      },
      expect: (listeners) => {
        expected = listeners;
        look();
      },
    };
    this.#pending.set(ticket, pending);
    return { replies: collected, pending };
  }

  #receive(message: WireMessage): void {
    const { ticket, clock, replies } = decodeControlReply(message);
    if (clock !== null) this.#clock.adjust(clock);
    if (ticket !== null) this.#pending.get(ticket)?.add(replies);
  }
}
