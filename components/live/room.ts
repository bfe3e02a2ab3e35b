import type { RoomName, Rooms, SubscribeAnswer } from '../../lib/contract/live.ts';
import { merges } from './merge.ts';

/** The request for one kind of room. */
export type RequestOf<R extends RoomName> = { readonly room: R } & Rooms[R]['params'];

/** Why the server would not subscribe us. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Where a room's news go. Batches arrive at most four times a second. */
export interface Sink<R extends RoomName> {
  readonly onSnapshot: (snapshot: Rooms[R]['snapshot']) => void;
  readonly onDeltas: (deltas: readonly Rooms[R]['delta'][], merged: Rooms[R]['snapshot']) => void;
  readonly onRefused: (refusal: Refusal) => void;
}

/** One subscription: the server's key, the last number seen, the merged data, and who looks at it. */
export class Room<R extends RoomName = RoomName> {
  readonly request: RequestOf<R>;
  readonly sinks = new Set<Sink<R>>();
  key: string | null = null;
  /** Counts subscribe calls, so that an answer to an older one is recognised. */
  generation = 0;
  leaveTimer: ReturnType<typeof setTimeout> | undefined;
  retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** The last answer to `subscribe` was no. */
  isRefused = false;
  #seq = 0;
  #data: { readonly value: Rooms[R]['snapshot'] } | null = null;
  #queue: Rooms[R]['delta'][] = [];

  constructor(request: RequestOf<R>) {
    this.request = request;
  }

  join(sink: Sink<R>): void {
    this.sinks.add(sink);
    if (this.#data) sink.onSnapshot(this.#data.value);
  }

  /** `isHeld`: keep what is shown (paused), take only the place in the sequence. */
  answered(answer: SubscribeAnswer<R>, isHeld: boolean): void {
    this.isRefused = !answer.ok;
    if (!answer.ok) {
      for (const sink of this.sinks) sink.onRefused(answer);
      return;
    }
    this.key = answer.key;
    this.#seq = answer.seq;
    this.#queue = [];
    if (isHeld && this.#data) return;
    this.#data = { value: answer.snapshot };
    for (const sink of this.sinks) sink.onSnapshot(answer.snapshot);
  }

  /** Takes a delta in; false when one before it is missing. */
  receive(seq: number, delta: Rooms[R]['delta']): boolean {
    if (seq <= this.#seq) return true;
    if (seq !== this.#seq + 1) return false;
    this.#seq = seq;
    this.#queue.push(delta);
    return true;
  }

  stopTimers(): void {
    clearTimeout(this.leaveTimer);
    clearTimeout(this.retryTimer);
  }

  /** Drops what was received but not shown. */
  discard(): void {
    this.#queue = [];
  }

  /** Shows everything received since the last flush. */
  flush(): void {
    if (this.#queue.length === 0 || !this.#data) return;
    const deltas = this.#queue;
    this.#queue = [];
    const merge = merges[this.request.room];
    let value = this.#data.value;
    for (const delta of deltas) value = merge(value, delta);
    this.#data = { value };
    for (const sink of this.sinks) sink.onDeltas(deltas, value);
  }
}
