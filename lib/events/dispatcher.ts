import { type CeleryEvent, encodeEvent, routingKeyOf } from '../protocol/event.ts';
import type { Serializer } from '../protocol/serializer.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { Transport } from '../transport/transport.ts';
import { type LamportClock, nowSeconds } from '../util/clock.ts';

/** Exchange of all events (`event_exchange`). */
export const EVENT_EXCHANGE = 'celeryev';

/** Events that travel in one message at most; Celery's workers send as many (celery/events/dispatcher.py). */
const BATCH = 24;

/** Batches that may be on their way; beyond it the oldest news is dropped and counted, so that no backlog can grow. */
const MAX_IN_FLIGHT = 1000;

export interface EventDispatcherOptions {
  readonly transport: Transport;
  /** Node name of the sender. */
  readonly hostname: string;
  readonly clock: LamportClock;
  /** Groups that are sent: `worker`, `task`. Others are dropped at once. */
  readonly groups: Iterable<string>;
  /** `event_serializer`. Default JSON. */
  readonly serializer?: Serializer;
  /** `event_exchange`. Default `celeryev`. */
  readonly exchange?: string;
}

/**
 * Sends events. Task events of one turn of the event loop go as one `task.multi` message; worker events go alone,
 * because heartbeats must not wait. Events are news, not data: a failed send is counted, never raised.
 */
export class EventDispatcher {
  readonly #transport: Transport;
  readonly #hostname: string;
  readonly #clock: LamportClock;
  readonly #groups: Set<string>;
  readonly #serializer: Serializer | undefined;
  readonly #exchange: string;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #utcoffset = Math.floor(new Date().getTimezoneOffset() / 60);
  #batch: CeleryEvent[] = [];
  #isScheduled = false;
  #dropped = 0;

  constructor({
    transport,
    hostname,
    clock,
    groups,
    serializer,
    exchange = EVENT_EXCHANGE,
  }: EventDispatcherOptions) {
    this.#serializer = serializer;
    this.#exchange = exchange;
    this.#transport = transport;
    this.#hostname = hostname;
    this.#clock = clock;
    this.#groups = new Set(groups);
  }

  /** Events that could not be sent since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  isEnabled(group: string): boolean {
    return this.#groups.has(group);
  }

  /** Starts sending a group; false when it was on already. */
  enable(group: string): boolean {
    if (this.#groups.has(group)) return false;
    this.#groups.add(group);
    return true;
  }

  /** Stops sending a group; false when it was off already. */
  disable(group: string): boolean {
    return this.#groups.delete(group);
  }

  /** Sends an event of a type such as `task-started`, unless its group is off. */
  send(type: string, fields: Readonly<Record<string, unknown>>): void {
    const isTask = type.startsWith('task-');
    if (!this.#groups.has(isTask ? 'task' : type.slice(0, type.indexOf('-')))) return;
    const event: CeleryEvent = {
      hostname: this.#hostname,
      utcoffset: this.#utcoffset,
      pid: process.pid,
      clock: this.#clock.forward(),
      ...fields,
      timestamp: nowSeconds(),
      type,
    };
    if (!isTask) {
      this.#publish(routingKeyOf(type), event);
      return;
    }
    this.#batch.push(event);
    if (this.#batch.length >= BATCH) this.#sendBatch();
    else this.#schedule();
  }

  /** Waits until everything sent so far is with the broker, or has failed. */
  async flush(): Promise<void> {
    this.#sendBatch();
    await Promise.all(this.#inFlight);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#sendBatch();
    });
  }

  #sendBatch(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#publish('task.multi', batch);
  }

  #publish(routingKey: string, event: CeleryEvent | readonly CeleryEvent[]): void {
    const count = Array.isArray(event) ? event.length : 1;
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      this.#dropped += count;
      return;
    }
    const message = this.#encode(event);
    if (message === null) {
      // What a task put into one event must not take the others down with it.
      if (Array.isArray(event) && count > 1) for (const each of event) this.#publish(routingKey, [each]);
      else this.#dropped += 1;
      return;
    }
    const sending = this.#transport.broadcast(this.#exchange, routingKey, message).then(
      () => void this.#inFlight.delete(sending),
      () => {
        this.#inFlight.delete(sending);
        this.#dropped += count;
      },
    );
    this.#inFlight.add(sending);
  }

  /** null for what the serializer cannot write. */
  #encode(event: CeleryEvent | readonly CeleryEvent[]): WireMessage | null {
    try {
      return encodeEvent(event, this.#serializer);
    } catch {
      return null;
    }
  }
}
