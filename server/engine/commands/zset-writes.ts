import type { Client } from '../client.ts';
import { removeScored, setScores } from '../keyspace/collections.ts';
import type { Scored } from '../keyspace/sorted-blocks.ts';
import type { ZsetEntry } from '../keyspace/zset-entry.ts';
import type { Args } from '../resp/args.ts';
import { ReplyError, syntaxError } from '../resp/reply-error.ts';
import { type Command, remover, writer } from './command.ts';
import { lexSpan, rankSpan, type Span, scoreSpan } from './zset-ranges.ts';
import { replyScored } from './zset-reads.ts';

interface AddOptions {
  flags: Set<string>;
  /** Index of the first score. */
  first: number;
}

const ADD_FLAGS: ReadonlySet<string> = new Set(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR']);
const NOT_A_NUMBER = 'ERR resulting score is not a number (NaN)';

function parseAdd(args: Args): AddOptions {
  const flags = new Set<string>();
  let first = 2;
  while (first < args.length && ADD_FLAGS.has(args.word(first))) {
    flags.add(args.word(first));
    first += 1;
  }
  const rest = args.length - first;
  if (rest === 0 || rest % 2 !== 0) throw syntaxError();
  if (flags.has('NX') && flags.has('XX')) {
    throw new ReplyError('ERR XX and NX options at the same time are not compatible');
  }
  const exclusive = ['GT', 'LT', 'NX'].filter((flag) => flags.has(flag));
  if (exclusive.length > 1) {
    throw new ReplyError('ERR GT, LT, and/or NX options at the same time are not compatible');
  }
  if (flags.has('INCR') && rest > 2) {
    throw new ReplyError('ERR INCR option supports a single increment-element pair');
  }
  return { flags, first };
}

/** The score to store; undefined when the flags forbid it. */
function newScore(flags: ReadonlySet<string>, old: number | undefined, given: number): number | undefined {
  if (old === undefined) return flags.has('XX') ? undefined : given;
  if (flags.has('NX')) return undefined;
  const score = flags.has('INCR') ? old + given : given;
  if (Number.isNaN(score)) throw new ReplyError(NOT_A_NUMBER);
  if ((flags.has('GT') && score <= old) || (flags.has('LT') && score >= old)) return undefined;
  return score;
}

function add(client: Client, args: Args): void {
  const { flags, first } = parseAdd(args);
  const key = args.str(1);
  const given: [member: string, score: number][] = [];
  for (let i = first; i < args.length; i += 2) given.push([args.str(i + 1), args.float(i)]);
  const zset = client.database.zset(key);
  const planned = new Map<string, number>();
  let changes = 0;
  for (const [member, score] of given) {
    const old = planned.get(member) ?? zset?.scores.get(member);
    const wanted = newScore(flags, old, score);
    if (wanted === undefined || wanted === old) continue;
    planned.set(member, wanted);
    if (old !== undefined) changes += 1;
  }
  const added = planned.size === 0 ? 0 : setScores(client.database, key, [...planned]);
  if (flags.has('INCR')) replyIncremented(client, flags, key, given[0]?.[0] ?? '', planned, zset);
  else client.reply.integer(flags.has('CH') ? added + changes : added);
}

/** The new score, or null when the flags stopped it. */
function replyIncremented(
  client: Client,
  flags: ReadonlySet<string>,
  key: string,
  member: string,
  planned: ReadonlyMap<string, number>,
  before: ZsetEntry | undefined,
): void {
  const now = client.database.zset(key)?.scores.get(member);
  const isStopped =
    planned.size === 0 &&
    (before === undefined || now === undefined || flags.has('NX') || flags.has('GT') || flags.has('LT'));
  if (isStopped || now === undefined) client.reply.nil();
  else client.reply.double(now);
}

function incrementBy(client: Client, args: Args): void {
  const [key, member] = [args.str(1), args.str(3)];
  const amount = args.float(2);
  const score = (client.database.zset(key)?.scores.get(member) ?? 0) + amount;
  if (Number.isNaN(score)) throw new ReplyError(NOT_A_NUMBER);
  setScores(client.database, key, [[member, score]]);
  client.reply.double(score);
}

function pop(isMax: boolean) {
  return (client: Client, args: Args): void => {
    if (args.length > 3) throw syntaxError();
    const key = args.str(1);
    const count = args.length === 3 ? args.count(2) : 1;
    const zset = client.database.zset(key);
    const items = zset === undefined ? [] : outermost(zset, count, isMax);
    removeScored(
      client.database,
      key,
      items.map(({ member }) => member),
    );
    // Without a count RESP3 answers with the bare pair (t_zset.c, genericZpopCommand).
    if (args.length === 3 || client.reply.protocol === 2) replyScored(client, items, true);
    else replyFlat(client, items);
  };
}

function outermost({ order, size }: ZsetEntry, count: number, isMax: boolean): Scored[] {
  return isMax ? order.slice(Math.max(0, size - count), size).reverse() : order.slice(0, count);
}

function replyFlat({ reply }: Client, items: readonly Scored[]): void {
  reply.array(items.length * 2);
  for (const { member, score } of items) {
    reply.text(member);
    reply.double(score);
  }
}

function removeSpan(parse: (args: Args) => (zset: ZsetEntry) => Span) {
  return (client: Client, args: Args): void => {
    const span = parse(args);
    const zset = client.database.zset(args.str(1));
    if (zset === undefined) {
      client.reply.integer(0);
      return;
    }
    const { start, end } = span(zset);
    const members = zset.order.slice(start, end).map(({ member }) => member);
    client.reply.integer(removeScored(client.database, args.str(1), members));
  };
}

export const ZSET_WRITE_COMMANDS: readonly Command[] = [
  writer('zadd', -4, add),
  writer('zincrby', 4, incrementBy),
  remover('zrem', -3, (client, args) =>
    client.reply.integer(removeScored(client.database, args.str(1), args.strings(2))),
  ),
  remover('zpopmin', -2, pop(false)),
  remover('zpopmax', -2, pop(true)),
  remover(
    'zremrangebyscore',
    4,
    removeSpan((args) => scoreSpan(args, 2, 3)),
  ),
  remover(
    'zremrangebyrank',
    4,
    removeSpan((args) => rankSpan(args.int(2), args.int(3))),
  ),
  remover(
    'zremrangebylex',
    4,
    removeSpan((args) => lexSpan(args, 2, 3)),
  ),
];
