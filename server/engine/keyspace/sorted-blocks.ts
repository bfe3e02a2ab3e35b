export interface Scored {
  readonly score: number;
  readonly member: string;
}

const BLOCK_MAX = 512;

/**
 * Members ordered by score, then by bytes, in blocks of up to 512. Finding a place is two binary searches, inserting
 * moves at most one block, and a rank adds up block lengths: for the sizes a queue sees this beats a tree, and memory
 * lies close together.
 */
export class SortedBlocks {
  #blocks: Scored[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  insert(item: Scored): void {
    this.#size += 1;
    const index = Math.min(this.#blockOf(item), this.#blocks.length - 1);
    const block = this.#blocks[index];
    if (block === undefined) {
      this.#blocks.push([item]);
      return;
    }
    const at = search(block, (other) => compare(other, item) < 0);
    if (at === block.length) block.push(item);
    else block.splice(at, 0, item);
    if (block.length > BLOCK_MAX) this.#split(index, block, at === block.length - 1);
  }

  remove(item: Scored): void {
    const index = this.#blockOf(item);
    const block = this.#blocks[index];
    if (block === undefined) return;
    const at = search(block, (other) => compare(other, item) < 0);
    if (block[at]?.member !== item.member) return;
    this.#size -= 1;
    block.splice(at, 1);
    if (block.length === 0) this.#blocks.splice(index, 1);
  }

  /** How many items from the start satisfy `before`, which must be true up to a point and false from there. */
  rank(before: (item: Scored) => boolean): number {
    const index = search(this.#blocks, (block) => {
      const last = block[block.length - 1];
      return last !== undefined && before(last);
    });
    let count = 0;
    for (let i = 0; i < index; i += 1) count += this.#blocks[i]?.length ?? 0;
    const block = this.#blocks[index];
    return block === undefined ? count : count + search(block, before);
  }

  /** Items from position `start` to before `end`. */
  slice(start: number, end: number): Scored[] {
    const found: Scored[] = [];
    let skipped = 0;
    for (const block of this.#blocks) {
      if (skipped >= end) break;
      if (skipped + block.length > start) {
        const part = block.slice(Math.max(0, start - skipped), end - skipped);
        for (const item of part) found.push(item);
      }
      skipped += block.length;
    }
    return found;
  }

  #blockOf(item: Scored): number {
    return search(this.#blocks, (block) => {
      const last = block[block.length - 1];
      return last !== undefined && compare(last, item) < 0;
    });
  }

  /** Scores mostly grow (they are times): a full last block is left full and a new one begun. */
  #split(index: number, block: Scored[], atEnd: boolean): void {
    const keep = atEnd && index === this.#blocks.length - 1 ? BLOCK_MAX : BLOCK_MAX / 2;
    this.#blocks.splice(index + 1, 0, block.splice(keep));
  }
}

function compare(a: Scored, b: Scored): number {
  if (a.score !== b.score) return a.score < b.score ? -1 : 1;
  if (a.member === b.member) return 0;
  return a.member < b.member ? -1 : 1;
}

/** First index whose item fails `before`. */
function search<T>(items: readonly T[], before: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && before(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
