import { UmbelError } from '../contract/errors.ts';
import { decodeControlReply, encodeControlRequest } from '../protocol/control.ts';
import type { Serializer } from '../protocol/serializer.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ReplyQueue, Transport } from '../transport/transport.ts';
import { type LamportClock, nowSeconds, uuid } from '../util/clock.ts';

/** Exchange of requests (`control_exchange`) and of replies (kombu/pidbox.py). */
export const CONTROL_EXCHANGE = 'celery.pidbox';
export const REPLY_EXCHANGE = 'reply.celery.pidbox';

const DEFAULT_TIMEOUT_MS = 1000;
const MAX_PENDING = 1000;

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
}

interface Pending {
  readonly add: (replies: Readonly<Record<string, unknown>>) => void;
}

/**
 * The asking side of remote control. All requests share one reply queue, which is opened with the first of them;
 * replies find their request by its ticket, late ones are dropped.
 */
export class Mailbox {
  readonly #transport: Transport;
  readonly #clock: LamportClock;
  readonly #serializer: Serializer | undefined;
  readonly #pending = new Map<string, Pending>();
  #queue: Promise<ReplyQueue> | null = null;

  constructor({ transport, clock, serializer }: MailboxOptions) {
    this.#serializer = serializer;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Sends a command to all workers or some and collects what they answer; `[]` when nobody did in time. */
  async broadcast(method: string, options: BroadcastOptions = {}): Promise<ControlReplies> {
    const { reply = true, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
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
    const replies = this.#collect(ticket, limit, timeoutMs);
    try {
      await this.#send(method, options, { ticket, queue }, nowSeconds() + timeoutMs / 1000);
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
    await (await queue)?.close();
  }

  #open(): Promise<ReplyQueue> {
    this.#queue ??= this.#transport
      .openReplyQueue(REPLY_EXCHANGE, (message) => this.#receive(message))
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
  ): Promise<void> {
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
    return this.#transport.broadcast(CONTROL_EXCHANGE, '', request);
  }

  #collect(ticket: string, limit: number, timeoutMs: number): Promise<ControlReplies> {
    return new Promise((resolve) => {
      const replies: ControlReplies = [];
      const finish = (): void => {
        clearTimeout(timer);
        this.#pending.delete(ticket);
        resolve(replies);
      };
      const timer = setTimeout(finish, timeoutMs);
      this.#pending.set(ticket, {
        add: (reply) => {
          replies.push(reply);
          if (replies.length >= limit) finish();
          else timer.refresh();
        },
      });
    });
  }

  #receive(message: WireMessage): void {
    const { ticket, clock, replies } = decodeControlReply(message);
    if (clock !== null) this.#clock.adjust(clock);
    if (ticket !== null) this.#pending.get(ticket)?.add(replies);
  }
}
