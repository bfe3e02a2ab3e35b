/** What a timer calls when its time has come. */
export interface Timed {
  onTime(): void;
}

/** A booked time; pass it to `cancel`. */
export class TimerEntry {
  readonly at: number;
  target: Timed | null;

  constructor(at: number, target: Timed | null) {
    this.at = at;
    this.target = target;
  }
}

/** Longest sleep: a wall clock that is set meanwhile is noticed after at most this long. Also far below 2^31 ms,
 * beyond which setTimeout fires at once. */
const LONGEST_SLEEP_MS = 60_000;

/**
 * Calls back at given times: a binary heap behind one setTimeout. A cancelled entry stays in the heap until its time
 * unless most of the heap is cancelled ones.
 *
 * `now` gives milliseconds: `Date.now` for ETAs, `performance.now` for durations, which no clock change may touch.
 */
export class HeapTimer {
  readonly #now: () => number;
  #heap: TimerEntry[] = [];
  #cancelled = 0;
  #timeout: NodeJS.Timeout | null = null;
  #armedFor = Number.POSITIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many wait. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** Calls `target` at `atMs` of this timer's clock, soon when that has passed. */
  at(atMs: number, target: Timed): TimerEntry {
    const entry = new TimerEntry(atMs, target);
    this.#heap.push(entry);
    this.#siftUp(this.#heap.length - 1);
    if (entry.at < this.#armedFor) this.#arm();
    return entry;
  }

  /** Milliseconds until a time of this timer's clock; negative when it has passed. */
  until(atMs: number): number {
    return atMs - this.#now();
  }

  after(delayMs: number, target: Timed): TimerEntry {
    return this.at(this.#now() + delayMs, target);
  }

  cancel(entry: TimerEntry): void {
    if (entry.target === null) return;
    entry.target = null;
    this.#cancelled += 1;
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#heap.length) this.#compact();
  }

  /** Drops everything. */
  stop(): void {
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    this.#timeout = null;
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#heap = [];
    this.#cancelled = 0;
  }

  #arm(): void {
    if (this.#timeout !== null) clearTimeout(this.#timeout);
    const first = this.#heap[0];
    this.#timeout = null;
    this.#armedFor = first?.at ?? Number.POSITIVE_INFINITY;
    if (first === undefined) return;
    const wait = Math.min(Math.max(0, first.at - this.#now()), LONGEST_SLEEP_MS);
    this.#timeout = setTimeout(() => this.#fire(), Math.ceil(wait));
  }

  #fire(): void {
    const now = this.#now();
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst();
      const { target } = first;
      if (target === null) {
        this.#cancelled -= 1;
      } else {
        first.target = null;
        target.onTime();
      }
    }
    this.#arm();
  }

  #compact(): void {
    this.#heap = this.#heap.filter((entry) => entry.target !== null).sort((a, b) => a.at - b.at);
    this.#cancelled = 0;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown();
  }

  #siftUp(start: number): void {
    const heap = this.#heap;
    const entry = heap[start];
    if (entry === undefined) return;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent.at <= entry.at) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  #siftDown(): void {
    const heap = this.#heap;
    const entry = heap[0];
    if (entry === undefined) return;
    let index = 0;
    for (;;) {
      let childIndex = index * 2 + 1;
      let child = heap[childIndex];
      if (child === undefined) break;
      const right = heap[childIndex + 1];
      if (right !== undefined && right.at < child.at) {
        child = right;
        childIndex += 1;
      }
      if (child.at >= entry.at) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = entry;
  }
}
