import { toError } from '../contract/errors.ts';
import {
  type ControlRequest,
  decodeControlRequest,
  encodeControlReply,
  isAddressedTo,
} from '../protocol/control.ts';
import { exceptionRepr } from '../protocol/exception.ts';
import type { PayloadLimits } from '../protocol/payload.ts';
import type { Serializer } from '../protocol/serializer.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { Subscription, Transport } from '../transport/transport.ts';
import type { LamportClock } from '../util/clock.ts';
import type { Service } from '../util/service.ts';
import { controlExchanges } from './mailbox.ts';

export interface PidboxOptions {
  readonly transport: Transport;
  /** Node name of this worker. */
  readonly hostname: string;
  readonly clock: LamportClock;
  /** Executes a command; what it returns is the reply, `undefined` sends none. A throw becomes `{error: repr}`. */
  readonly onRequest: (request: ControlRequest) => unknown;
  /** What requests may be written in. Default JSON. */
  readonly limits?: PayloadLimits;
  /** Of replies: `task_serializer`. Default JSON. */
  readonly serializer?: Serializer;
  /** `control_exchange`. Default `celery`. */
  readonly exchange?: string;
  /** A request that could not be read or answered. */
  readonly onError?: (error: Error) => void;
}

/** The answering side of remote control: a worker's mailbox (kombu/pidbox.py `Node`). */
export class Pidbox implements Service {
  readonly #options: PidboxOptions;
  readonly #exchange: string;
  #subscription: Subscription | null = null;

  constructor(options: PidboxOptions) {
    this.#options = options;
    this.#exchange = controlExchanges(options.exchange).requests;
  }

  async start(): Promise<void> {
    const { transport, hostname } = this.#options;
    this.#subscription ??= await transport.subscribe(
      this.#exchange,
      '#',
      (message) => this.#receive(message),
      { queue: `${hostname}.${this.#exchange}` },
    );
  }

  async stop(): Promise<void> {
    const subscription = this.#subscription;
    if (!subscription) return;
    this.#subscription = null;
    await subscription.close();
  }

  #receive(message: WireMessage): void {
    try {
      const request = decodeControlRequest(message, this.#options.limits);
      if (request.clock !== undefined && request.clock !== null) this.#options.clock.adjust(request.clock);
      else this.#options.clock.forward();
      if (!isAddressedTo(request, this.#options.hostname)) return;
      this.#answer(request).catch((error: unknown) => this.#options.onError?.(toError(error)));
    } catch (error) {
      this.#options.onError?.(toError(error));
    }
  }

  async #answer(request: ControlRequest): Promise<void> {
    const { transport, hostname, clock, serializer } = this.#options;
    const value = await this.#execute(request);
    if (value === undefined || !request.replyTo) return;
    const reply = encodeControlReply(hostname, value, request.ticket, clock.forward(), serializer);
    await transport.publish({ ...request.replyTo, isReply: true }, reply);
  }

  async #execute(request: ControlRequest): Promise<unknown> {
    try {
      return await this.#options.onRequest(request);
    } catch (error) {
      return { error: exceptionRepr(toError(error)) };
    }
  }
}
