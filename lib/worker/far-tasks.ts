/** Places of a task: its time, the number of its message, and a hash of its id. */
const WIDTH = 3;
const NUMBER = 1;
const HASH = 2;
const LEAST_ROOM = 1024 * WIDTH;

/**
 * ETA tasks that are far from due, earliest first; of the same time, in the order of their numbers. A binary heap in one
 * typed array: 24 bytes for each, and nothing that the garbage collector would walk through.
 */
export class FarTasks {
  #size = 0;
  #heap = new Float64Array(LEAST_ROOM);

  get size(): number {
    return this.#size;
  }

  /** The earliest time, in milliseconds since the epoch; Infinity when there is none. */
  get firstAt(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#get(0);
  }

  add(atMs: number, number: number, id: string): void {
    if (this.#size * WIDTH === this.#heap.length) this.#resize(this.#heap.length * 2);
    const index = this.#size;
    this.#heap.set([atMs, number, hashOf(id)], index * WIDTH);
    this.#size += 1;
    this.#siftUp(index);
  }

  /** Takes out what is due by then, at most so many; answers with their numbers. */
  takeUntil(atMs: number, limit: number): number[] {
    const taken: number[] = [];
    while (this.#size > 0 && taken.length < limit && this.#get(0) <= atMs) {
      taken.push(this.#get(0, NUMBER));
      this.#size -= 1;
      this.#copy(this.#size, 0);
      this.#siftDown(0);
    }
    this.#shrink();
    return taken;
  }

  /** Takes out those with such ids, and now and then another one: two ids can have the same hash. */
  takeByIds(ids: ReadonlySet<string>): number[] {
    const hashes = new Set(Array.from(ids, hashOf));
    const taken: number[] = [];
    let kept = 0;
    for (let index = 0; index < this.#size; index += 1) {
      if (hashes.has(this.#get(index, HASH))) {
        taken.push(this.#get(index, NUMBER));
        continue;
      }
      if (taken.length > 0) this.#copy(index, kept);
      kept += 1;
    }
    if (taken.length === 0) return taken;
    this.#size = kept;
    for (let index = (kept >> 1) - 1; index >= 0; index -= 1) this.#siftDown(index);
    this.#shrink();
    return taken;
  }

  /** Numbers of at most so many, the earliest among them. */
  list(limit = this.#size): number[] {
    return Array.from({ length: Math.min(limit, this.#size) }, (_, index) => this.#get(index, NUMBER));
  }

  clear(): void {
    this.#size = 0;
    this.#heap = new Float64Array(LEAST_ROOM);
  }

  #get(index: number, place = 0): number {
    return this.#heap[index * WIDTH + place] ?? 0;
  }

  #copy(from: number, to: number): void {
    this.#heap.copyWithin(to * WIDTH, from * WIDTH, (from + 1) * WIDTH);
  }

  #isBefore(a: number, b: number): boolean {
    const difference = this.#get(a) - this.#get(b);
    return difference < 0 || (difference === 0 && this.#get(a, NUMBER) < this.#get(b, NUMBER));
  }

  #swap(a: number, b: number): void {
    for (let place = 0; place < WIDTH; place += 1) {
      const kept = this.#get(a, place);
      this.#heap[a * WIDTH + place] = this.#get(b, place);
      this.#heap[b * WIDTH + place] = kept;
    }
  }

  #siftUp(start: number): void {
    for (let index = start; index > 0; ) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #siftDown(start: number): void {
    for (let index = start; ; ) {
      let child = index * 2 + 1;
      if (child >= this.#size) return;
      if (child + 1 < this.#size && this.#isBefore(child + 1, child)) child += 1;
      if (!this.#isBefore(child, index)) return;
      this.#swap(index, child);
      index = child;
    }
  }

  #shrink(): void {
    if (this.#heap.length > LEAST_ROOM && this.#size * WIDTH * 4 <= this.#heap.length) {
      this.#resize(this.#heap.length / 2);
    }
  }

  #resize(room: number): void {
    const heap = new Float64Array(room);
    heap.set(this.#heap.subarray(0, this.#size * WIDTH));
    this.#heap = heap;
  }
}

/** FNV-1a in 32 bits. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return hash;
}
