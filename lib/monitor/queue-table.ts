import type { QueueRow } from '../contract/records.ts';
import { RateCounter, SeriesRing } from './series-ring.ts';

const MAX_QUEUES = 1000;
const KEEP_SECONDS = 3600;
const STEP_SECONDS = 20;
const POINTS = 180;
const RATE_SECONDS = 10;
const RATE_MEMORY_SECONDS = 120;

interface QueueRecord {
  readonly name: string;
  messages: number;
  unacked: number | null;
  isUnackedEstimate: boolean;
  consumers: readonly string[];
  /** The last sample, as the broker measures it. */
  measured: Pick<Sample, 'consumers' | 'inPerSecond' | 'outPerSecond'>;
  abandonedSince: number | null;
  lastActivity: number;
  lastSent: number;
  lastTaken: number;
  readonly sent: RateCounter;
  readonly taken: RateCounter;
  readonly length: SeriesRing;
  readonly consumerCount: SeriesRing;
  /** Lengths of the last ten samples, to tell how fast the queue grows. */
  readonly recent: { at: number; messages: number }[];
}

export interface Sample {
  readonly name: string;
  readonly messages: number;
  readonly unacked: number | null;
  readonly isEstimate?: boolean;
  /** As the broker counts and measures; absent where it does not. */
  readonly consumers?: number;
  readonly inPerSecond?: number;
  readonly outPerSecond?: number;
}

/** Queues: their lengths by samples, their traffic by events, their consumers by what workers say. */
export class QueueTable {
  readonly #queues = new Map<string, QueueRecord>();

  /** A queue is known to exist. */
  see(name: string, now: number): void {
    const queue = this.#ensure(name, now);
    if (queue) queue.lastActivity = now;
  }

  countSent(name: string, now: number): void {
    const queue = this.#ensure(name, now);
    if (!queue) return;
    queue.sent.add(now);
    queue.lastSent = now;
  }

  countTaken(name: string, now: number): void {
    const queue = this.#ensure(name, now);
    if (!queue) return;
    queue.taken.add(now);
    queue.lastTaken = now;
  }

  names(): string[] {
    return [...this.#queues.keys()];
  }

  /** Messages that wait in all queues. */
  get waiting(): number {
    let sum = 0;
    for (const queue of this.#queues.values()) sum += queue.messages;
    return sum;
  }

  /** Takes a round of samples. `areConsumersKnown` is false while a worker has not told its queues yet. */
  sample(
    samples: readonly Sample[],
    consumersOf: (queue: string) => readonly string[],
    areConsumersKnown: boolean,
    now: number,
  ): void {
    for (const sample of samples) {
      const { name, messages, unacked, isEstimate = false } = sample;
      const queue = this.#ensure(name, now);
      if (!queue) continue;
      queue.messages = messages;
      queue.unacked = unacked;
      queue.isUnackedEstimate = isEstimate;
      queue.consumers = consumersOf(name);
      queue.measured = sample;
      const consumerCount = queue.consumers.length + unnamedConsumers(queue);
      if (messages > 0 || consumerCount > 0) queue.lastActivity = now;
      const isAbandoned = messages > 0 && consumerCount === 0 && areConsumersKnown;
      queue.abandonedSince = isAbandoned ? (queue.abandonedSince ?? now) : null;
      queue.length.set(now, messages);
      queue.consumerCount.set(now, consumerCount);
      queue.recent.push({ at: now, messages });
      if (queue.recent.length > RATE_SECONDS) queue.recent.shift();
    }
    for (const [name, queue] of this.#queues) {
      if (now - queue.lastActivity > KEEP_SECONDS) this.#queues.delete(name);
    }
  }

  rows(now: number): QueueRow[] {
    return [...this.#queues.values()]
      .map((queue) => toRow(queue, now))
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  #ensure(name: string, now: number): QueueRecord | undefined {
    const known = this.#queues.get(name);
    if (known || this.#queues.size >= MAX_QUEUES) return known;
    const queue: QueueRecord = {
      name,
      messages: 0,
      unacked: null,
      isUnackedEstimate: false,
      consumers: [],
      measured: {},
      abandonedSince: null,
      lastActivity: now,
      lastSent: 0,
      lastTaken: 0,
      sent: new RateCounter(RATE_SECONDS),
      taken: new RateCounter(RATE_SECONDS),
      length: new SeriesRing(STEP_SECONDS, POINTS),
      consumerCount: new SeriesRing(STEP_SECONDS, POINTS),
      recent: [],
    };
    this.#queues.set(name, queue);
    return queue;
  }
}

function toRow(queue: QueueRecord, now: number): QueueRow {
  return {
    name: queue.name,
    messages: queue.messages,
    unacked: queue.unacked,
    isUnackedEstimate: queue.isUnackedEstimate,
    consumers: queue.consumers,
    unnamedConsumers: unnamedConsumers(queue),
    ...rates(queue, now),
    abandonedSince: queue.abandonedSince,
    length: queue.length.toSeries(now),
    consumerCount: queue.consumerCount.toSeries(now),
  };
}

function unnamedConsumers({ consumers, measured }: QueueRecord): number {
  return Math.max(0, (measured.consumers ?? 0) - consumers.length);
}

/**
 * Rates from events; where one side sends none, from the broker if it measures them, else from the other side and the
 * growth of the queue.
 */
function rates(
  queue: QueueRecord,
  now: number,
): { readonly inPerSecond: number | null; readonly outPerSecond: number | null } {
  const first = queue.recent[0];
  const last = queue.recent.at(-1);
  const span = first && last ? last.at - first.at : 0;
  const growth = first && last && span > 0 ? (last.messages - first.messages) / span : 0;
  const { inPerSecond = null, outPerSecond = null } = queue.measured;
  const sent = now - queue.lastSent < RATE_MEMORY_SECONDS ? queue.sent.perSecond(now) : inPerSecond;
  const taken = now - queue.lastTaken < RATE_MEMORY_SECONDS ? queue.taken.perSecond(now) : outPerSecond;
  if (sent === null && taken === null) {
    return span > 0
      ? { inPerSecond: Math.max(0, growth), outPerSecond: Math.max(0, -growth) }
      : UNKNOWN_RATES;
  }
  return {
    inPerSecond: sent ?? Math.max(0, (taken ?? 0) + growth),
    outPerSecond: taken ?? Math.max(0, (sent ?? 0) - growth),
  };
}

const UNKNOWN_RATES = { inPerSecond: null, outPerSecond: null };
