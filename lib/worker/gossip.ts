import { type CeleryEvent, decodeEventBatch } from '../protocol/event.ts';
import type { Subscription, Transport } from '../transport/transport.ts';
import type { LamportClock } from '../util/clock.ts';
import type { Logger } from '../util/logger.ts';
import type { Service } from '../util/service.ts';
import type { Elections } from './elections.ts';

export interface GossipOptions {
  readonly transport: Transport;
  /** `event_exchange`. */
  readonly exchange: string;
  readonly hostname: string;
  readonly clock: LamportClock;
  readonly elections: Elections;
  readonly logger: Logger;
}

/** Celery's limits of a cluster's state and of its heartbeats (celery/events/state.py). */
const MAX_WORKERS = 5000;
const DEFAULT_FREQ_SECONDS = 60;
const EXPIRE_WINDOW = 2;
const LOOK_EVERY_MS = 1000;

interface Peer {
  /** Of our own clock that never goes back, milliseconds. */
  heardAt: number;
  freqSeconds: number;
}

/**
 * Listens to the other workers (celery/worker/consumer/gossip.py): who is there, who fell silent, what time the
 * cluster has, and the votes of elections.
 */
export class Gossip implements Service {
  readonly #options: GossipOptions;
  readonly #peers = new Map<string, Peer>();
  #subscription: Subscription | null = null;
  #timer: NodeJS.Timeout | null = null;
  #lookedAt = 0;

  constructor(options: GossipOptions) {
    this.#options = options;
  }

  /** Other workers that are there. */
  get peers(): string[] {
    return [...this.#peers.keys()];
  }

  async start(): Promise<void> {
    const { transport, exchange } = this.#options;
    this.#subscription ??= await transport.subscribe(exchange, 'worker.#', (message) => {
      for (const event of decodeEventBatch(message).events) this.#hear(event);
    });
    this.#lookedAt = performance.now();
    this.#timer ??= setInterval(() => this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    const subscription = this.#subscription;
    this.#subscription = null;
    await subscription?.close();
  }

  #hear(event: CeleryEvent): void {
    const { hostname, clock, elections } = this.#options;
    const { type } = event;
    if (event.hostname === hostname) clock.forward();
    else if (typeof event.clock === 'number') clock.adjust(event.clock);
    else clock.forward();
    if (type === 'worker-elect') elections.onElect(event);
    else if (type === 'worker-elect-ack') elections.onAck(event, this.peers);
    else if (event.hostname !== hostname) this.#note(event);
  }

  #note({ type, hostname, freq }: CeleryEvent): void {
    const { logger } = this.#options;
    if (type === 'worker-offline') {
      if (this.#peers.delete(hostname)) logger.debug(`${hostname} left`);
      return;
    }
    const known = this.#peers.get(hostname);
    if (known === undefined && this.#peers.size >= MAX_WORKERS) return;
    if (known === undefined) logger.debug(`${hostname} joined the party`);
    const freqSeconds = typeof freq === 'number' && freq > 0 ? freq : DEFAULT_FREQ_SECONDS;
    this.#peers.set(hostname, { heardAt: performance.now(), freqSeconds });
  }

  /** Whoever was silent for two heartbeats is gone. A look that comes late was frozen itself: nobody is to blame. */
  #look(): void {
    const now = performance.now();
    const wasLate = now - this.#lookedAt > LOOK_EVERY_MS * 2;
    this.#lookedAt = now;
    if (wasLate) {
      for (const peer of this.#peers.values()) peer.heardAt = now;
      return;
    }
    for (const [name, { heardAt, freqSeconds }] of this.#peers) {
      if (now - heardAt <= freqSeconds * EXPIRE_WINDOW * 1000) continue;
      this.#peers.delete(name);
      this.#options.logger.info(`missed heartbeat from ${name}`);
    }
    this.#options.elections.onLook(this.peers);
  }
}
