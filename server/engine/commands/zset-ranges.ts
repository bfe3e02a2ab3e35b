import type { Scored } from '../keyspace/sorted-blocks.ts';
import type { ZsetEntry } from '../keyspace/zset-entry.ts';
import type { Args } from '../resp/args.ts';
import { parseFloatStrict } from '../resp/numbers.ts';
import { ReplyError } from '../resp/reply-error.ts';

/** Positions [start, end) of a sorted set. */
export interface Span {
  start: number;
  end: number;
}

interface Bound {
  score: number;
  isExclusive: boolean;
}

function parseBound(text: string): Bound {
  const isExclusive = text.startsWith('(');
  const score = parseFloatStrict(isExclusive ? text.slice(1) : text, notFloatRange);
  return { score, isExclusive };
}

function notFloatRange(): ReplyError {
  return new ReplyError('ERR min or max is not a float');
}

/** Positions with scores between two arguments, `(` excluding the bound. */
export function scoreSpan(args: Args, min: number, max: number): (zset: ZsetEntry) => Span {
  const low = parseBound(args.str(min));
  const high = parseBound(args.str(max));
  return ({ order }) => {
    const start = order.rank(({ score }) => (low.isExclusive ? score <= low.score : score < low.score));
    const end = order.rank(({ score }) => (high.isExclusive ? score < high.score : score <= high.score));
    return { start, end: Math.max(start, end) };
  };
}

/** Positions between two members, for sets in which all scores are equal: `[a`, `(a`, `-`, `+`. */
export function lexSpan(args: Args, min: number, max: number): (zset: ZsetEntry) => Span {
  const low = parseLex(args.str(min));
  const high = parseLex(args.str(max));
  return ({ order }) => {
    const start = order.rank((item) => isBelow(item, low));
    const end = order.rank((item) => isUpTo(item, high));
    return { start, end: Math.max(start, end) };
  };
}

type LexBound = '-' | '+' | { text: string; isExclusive: boolean };

function parseLex(text: string): LexBound {
  if (text === '-' || text === '+') return text;
  if (!/^[[(]/.test(text)) throw new ReplyError('ERR min or max not valid string range item');
  return { text: text.slice(1), isExclusive: text.startsWith('(') };
}

function isBelow({ member }: Scored, bound: LexBound): boolean {
  if (typeof bound === 'string') return bound === '+';
  return bound.isExclusive ? member <= bound.text : member < bound.text;
}

function isUpTo({ member }: Scored, bound: LexBound): boolean {
  if (typeof bound === 'string') return bound === '+';
  return bound.isExclusive ? member < bound.text : member <= bound.text;
}

/** Positions between two indexes, negative from the end; counted from the highest when reversed. */
export function rankSpan(start: number, stop: number, isReversed = false): (zset: ZsetEntry) => Span {
  return ({ size }) => {
    const first = Math.max(0, start < 0 ? size + start : start);
    const last = Math.min(size - 1, stop < 0 ? size + stop : stop);
    if (first > last) return { start: 0, end: 0 };
    return isReversed ? { start: size - 1 - last, end: size - first } : { start: first, end: last + 1 };
  };
}

/** `LIMIT offset count` within a span, from its low or its high end; a negative count means all. */
export function limited({ start, end }: Span, offset: number, count: number, isReversed: boolean): Span {
  if (offset < 0) return { start: 0, end: 0 };
  const many = count < 0 ? Infinity : count;
  if (isReversed) {
    const top = Math.max(start, end - offset);
    return { start: Math.max(start, top - many), end: top };
  }
  const bottom = Math.min(end, start + offset);
  return { start: bottom, end: Math.min(end, bottom + many) };
}
