import { Entry, MEMBER_OVERHEAD } from './entry.ts';

const SMALLEST = 8;

/** A list as a ring buffer: both ends in constant time, any index in constant time. */
export class ListEntry extends Entry {
  readonly type = 'list';
  #slots: (Buffer | undefined)[] = new Array(SMALLEST);
  #mask = SMALLEST - 1;
  #head = 0;
  #length = 0;

  get encoding(): string {
    return 'quicklist';
  }

  get length(): number {
    return this.#length;
  }

  pushLeft(value: Buffer): void {
    if (this.#length > this.#mask) this.#resize((this.#mask + 1) * 2);
    this.#head = (this.#head - 1) & this.#mask;
    this.#slots[this.#head] = value;
    this.#length += 1;
    this.bytes += value.length + MEMBER_OVERHEAD;
  }

  pushRight(value: Buffer): void {
    if (this.#length > this.#mask) this.#resize((this.#mask + 1) * 2);
    this.#slots[(this.#head + this.#length) & this.#mask] = value;
    this.#length += 1;
    this.bytes += value.length + MEMBER_OVERHEAD;
  }

  popLeft(): Buffer | undefined {
    const value = this.#slots[this.#head];
    if (this.#length === 0 || value === undefined) return undefined;
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    this.#removed(value);
    return value;
  }

  popRight(): Buffer | undefined {
    const at = (this.#head + this.#length - 1) & this.#mask;
    const value = this.#slots[at];
    if (this.#length === 0 || value === undefined) return undefined;
    this.#slots[at] = undefined;
    this.#removed(value);
    return value;
  }

  /** The element at `index` (0-based from the left). */
  at(index: number): Buffer | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return this.#slots[(this.#head + index) & this.#mask];
  }

  /** False when there is no such index. */
  replace(index: number, value: Buffer): boolean {
    const old = this.at(index);
    if (old === undefined) return false;
    this.#slots[(this.#head + index) & this.#mask] = value;
    this.bytes += value.length - old.length;
    return true;
  }

  /** Elements from `start` to before `end`. */
  slice(start: number, end: number): Buffer[] {
    const found: Buffer[] = [];
    for (let i = start; i < end; i += 1) {
      const value = this.at(i);
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  /** Takes the place of all elements: for the operations that are linear anyway. */
  assign(values: readonly Buffer[]): void {
    let size = SMALLEST;
    while (size < values.length) size *= 2;
    this.#slots = values.slice();
    this.#slots.length = size;
    this.#mask = size - 1;
    this.#head = 0;
    this.#length = values.length;
    this.bytes = values.reduce((sum, value) => sum + value.length + MEMBER_OVERHEAD, 0);
  }

  #removed(value: Buffer): void {
    this.#length -= 1;
    this.bytes -= value.length + MEMBER_OVERHEAD;
    if (this.#mask >= SMALLEST * 8 && this.#length < this.#mask >> 3) this.#resize((this.#mask + 1) >> 1);
  }

  #resize(size: number): void {
    const slots: (Buffer | undefined)[] = new Array(size);
    for (let i = 0; i < this.#length; i += 1) slots[i] = this.#slots[(this.#head + i) & this.#mask];
    this.#slots = slots;
    this.#mask = size - 1;
    this.#head = 0;
  }
}
