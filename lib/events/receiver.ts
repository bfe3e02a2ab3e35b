import { type CeleryEvent, decodeEventBatch } from '../protocol/event.ts';
import type { Subscription, Transport } from '../transport/transport.ts';
import { nowSeconds } from '../util/clock.ts';
import type { Service } from '../util/service.ts';
import { EVENT_EXCHANGE } from './dispatcher.ts';

export interface EventReceiverOptions {
  readonly transport: Transport;
  /** `event_exchange`. Default `celeryev`. */
  readonly exchange?: string;
  /** Takes the events of one message; `receivedAt` in seconds since the epoch, by our clock. Must not throw. */
  readonly onEvents: (events: readonly CeleryEvent[], receivedAt: number) => void;
}

/** Listens to the events of all workers and clients (celery/events/receiver.py), single and batched. */
export class EventReceiver implements Service {
  readonly #options: EventReceiverOptions;
  #subscription: Subscription | null = null;
  #malformed = 0;

  constructor(options: EventReceiverOptions) {
    this.#options = options;
  }

  /** Events that nobody could read. */
  get malformed(): number {
    return this.#malformed;
  }

  async start(): Promise<void> {
    const { transport, onEvents, exchange = EVENT_EXCHANGE } = this.#options;
    this.#subscription ??= await transport.subscribe(exchange, '#', (message) => {
      const { events, dropped } = decodeEventBatch(message);
      this.#malformed += dropped;
      if (events.length > 0) onEvents(events, nowSeconds());
    });
  }

  async stop(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = null;
    await subscription?.close();
  }
}
