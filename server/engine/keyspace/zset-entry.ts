import { Entry, MEMBER_OVERHEAD } from './entry.ts';
import { type Scored, SortedBlocks } from './sorted-blocks.ts';

/** A sorted set: the score of each member, and the members in order. */
export class ZsetEntry extends Entry {
  readonly type = 'zset';
  readonly scores = new Map<string, number>();
  readonly order = new SortedBlocks();

  get encoding(): string {
    return this.scores.size <= 128 ? 'listpack' : 'skiplist';
  }

  get size(): number {
    return this.scores.size;
  }

  /** True when the member is new. */
  set(member: string, score: number): boolean {
    const old = this.scores.get(member);
    if (old === score) return false;
    this.scores.set(member, score);
    if (old === undefined) this.bytes += member.length + 2 * MEMBER_OVERHEAD;
    else this.order.remove({ score: old, member });
    this.order.insert({ score, member });
    return old === undefined;
  }

  delete(member: string): boolean {
    const score = this.scores.get(member);
    if (score === undefined) return false;
    this.scores.delete(member);
    this.order.remove({ score, member });
    this.bytes -= member.length + 2 * MEMBER_OVERHEAD;
    return true;
  }

  /** 0-based position; undefined when not a member. */
  rank(member: string): number | undefined {
    const score = this.scores.get(member);
    return score === undefined ? undefined : this.order.rank((item) => precedes(item, score, member));
  }
}

function precedes(item: Scored, score: number, member: string): boolean {
  return item.score < score || (item.score === score && item.member < member);
}
