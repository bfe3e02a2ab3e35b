import { readBooking } from './booking.ts';
import type { Keys } from './keys.ts';
import type { QueueOrder } from './options.ts';

/** One call of the FETCH script. */
export interface FetchRequest {
  /** Changes when the set of queues does. */
  readonly generation: number;
  readonly count: number;
  /** When it was made, of `performance.now()`: its messages are booked then or later. */
  readonly madeAt: number;
  /** First part of the tags it gives. */
  readonly prefix: string;
  /** In the order of the call: a reply names them by number. */
  readonly queues: readonly string[];
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

/** A message that a fetch has brought. */
export interface Taken {
  readonly tag: string;
  readonly queue: string;
  readonly text: string;
}

export interface FetchReply {
  readonly taken: Taken[];
  /** The server has also taken what is no message, out of any list. */
  readonly hasRefused: boolean;
}

interface Rotation {
  readonly queues: readonly string[];
  readonly keys: readonly string[];
  readonly names: readonly string[];
}

/**
 * Builds fetches over a set of queues. Each starts with the next queue, so that a full one cannot starve the others; with
 * the order `sorted` or `priority` always with the first by name or as declared.
 */
export class FetchRequests {
  readonly #keys: Keys;
  readonly #prefix: string;
  readonly #order: QueueOrder;
  #rotations: Rotation[] = [];
  #lists: ReadonlySet<string> = new Set();
  #count = 0;
  #generation = 0;

  constructor(keys: Keys, prefix: string, order: QueueOrder) {
    this.#keys = keys;
    this.#order = order;
    this.#prefix = prefix;
  }

  get generation(): number {
    return this.#generation;
  }

  get isEmpty(): boolean {
    return this.#rotations.length === 0;
  }

  /** There is one list only: the wait itself sees everything. */
  get isSingle(): boolean {
    return this.#lists.size === 1;
  }

  hasList(key: string): boolean {
    return this.#lists.has(key);
  }

  /** The queue to wait for, unless it is one of several and another has delivered last. */
  get firstQueue(): string {
    return this.#rotations[0]?.queues[0] ?? '';
  }

  /** Tag of a message that a wait brings: it comes before those of the next fetch. */
  get claimTag(): string {
    return `${this.#prefix}${this.#count + 1}:0`;
  }

  setQueues(names: readonly string[]): void {
    const queues = this.#order === 'sorted' ? [...new Set(names)].sort() : [...new Set(names)];
    const starts = this.#order === 'round_robin' ? queues : queues.slice(0, 1);
    this.#generation += 1;
    this.#rotations = starts.map((_, index) =>
      this.#rotation([...queues.slice(index), ...queues.slice(0, index)]),
    );
    this.#lists = new Set(queues.flatMap((queue) => this.#keys.lists(queue)));
  }

  next(count: number): FetchRequest {
    this.#count += 1;
    const rotation = this.#rotations[this.#count % this.#rotations.length] ?? this.#rotation([]);
    const prefix = `${this.#prefix}${this.#count}:`;
    return {
      generation: this.#generation,
      count,
      madeAt: performance.now(),
      prefix,
      queues: rotation.queues,
      keys: rotation.keys,
      args: [count, prefix, '0', rotation.queues.length, new Date().toISOString(), ...rotation.names],
    };
  }

  #rotation(queues: readonly string[]): Rotation {
    const keys = this.#keys;
    return {
      queues,
      keys: [
        keys.unacked,
        keys.unackedIndex,
        keys.parked,
        ...keys.steps.flatMap((step) => queues.map((queue) => keys.list(queue, step))),
      ],
      names: queues.map((queue) => JSON.stringify(queue)),
    };
  }
}

/** Keys and arguments that bring the answer of a fetch once more: it may have been lost. Takes nothing new. */
export function askAgain({ keys, count, prefix }: FetchRequest): [string[], (string | number)[]] {
  return [keys.slice(0, 3), [count, prefix, '1', '1', new Date().toISOString()]];
}

/** A fetch's answer; where it was asked for again, payloads are whole bookings. */
export function readReply(
  request: FetchRequest,
  reply: unknown,
  onRefused: (queue: string, start: string) => void,
): FetchReply {
  const items: unknown[] = Array.isArray(reply) ? reply : [];
  const taken: Taken[] = [];
  let hasRefused = false;
  for (let index = 0; index + 1 < items.length; index += 2) {
    const tag = `${request.prefix}${index / 2 + 1}`;
    const number = Number(items[index]);
    const queue = request.queues[Math.abs(number) - 1];
    const text = String(items[index + 1]);
    if (number < 0) {
      hasRefused = true;
      onRefused(queue ?? '', text);
    } else if (queue !== undefined) taken.push({ tag, queue, text });
    else {
      const booking = readBooking(text);
      if (booking) taken.push({ tag, queue: booking.routingKey, text: booking.raw });
    }
  }
  return { taken, hasRefused };
}
