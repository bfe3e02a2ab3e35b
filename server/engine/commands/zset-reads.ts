import type { Client } from '../client.ts';
import type { Scored } from '../keyspace/sorted-blocks.ts';
import { ZsetEntry } from '../keyspace/zset-entry.ts';
import type { Args } from '../resp/args.ts';
import { ReplyError, syntaxError } from '../resp/reply-error.ts';
import { type Command, reader } from './command.ts';
import { parseScan, Scanner } from './scan.ts';
import { lexSpan, limited, rankSpan, type Span, scoreSpan } from './zset-ranges.ts';

type RangeKind = 'rank' | 'score' | 'lex';

interface RangeQuery {
  kind: RangeKind;
  isReversed: boolean;
  hasScores: boolean;
  offset: number;
  count: number;
  hasLimit: boolean;
}

/** Members, with their scores when asked for: pairs in RESP3, flat in RESP2. */
export function replyScored(client: Client, items: readonly Scored[], hasScores: boolean): void {
  const { reply } = client;
  const isNested = hasScores && reply.protocol === 3;
  reply.array(hasScores && !isNested ? items.length * 2 : items.length);
  for (const { member, score } of items) {
    if (isNested) reply.array(2);
    reply.text(member);
    if (hasScores) reply.double(score);
  }
}

function rangeCommand(kind: RangeKind | null, isReversed: boolean) {
  return (client: Client, args: Args): void => {
    const query = parseQuery(args, kind, isReversed);
    const span = parseSpan(args, query);
    const zset = client.database.zset(args.str(1));
    const items =
      zset === undefined
        ? []
        : itemsOf(zset, limited(span(zset), query.offset, query.count, query.isReversed));
    replyScored(client, query.isReversed ? items.reverse() : items, query.hasScores);
  };
}

function itemsOf(zset: ZsetEntry, { start, end }: Span): Scored[] {
  return zset.order.slice(start, end);
}

function parseQuery(args: Args, kind: RangeKind | null, isReversed: boolean): RangeQuery {
  const query: RangeQuery = {
    kind: kind ?? 'rank',
    isReversed,
    hasScores: false,
    offset: 0,
    count: -1,
    hasLimit: false,
  };
  for (let i = 4; i < args.length; i += 1) {
    const word = args.word(i);
    if (word === 'WITHSCORES') query.hasScores = true;
    else if (word === 'LIMIT' && i + 2 < args.length) {
      query.offset = args.int(i + 1);
      query.count = args.int(i + 2);
      query.hasLimit = true;
      i += 2;
    } else if (kind === null) parseDirection(query, word);
    else throw syntaxError();
  }
  if (query.hasLimit && query.kind === 'rank') {
    throw new ReplyError(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    );
  }
  if (query.hasScores && query.kind === 'lex') {
    throw new ReplyError('ERR syntax error, WITHSCORES not supported in combination with BYLEX');
  }
  return query;
}

function parseDirection(query: RangeQuery, word: string): void {
  if (word === 'REV') query.isReversed = true;
  else if (word === 'BYSCORE') query.kind = 'score';
  else if (word === 'BYLEX') query.kind = 'lex';
  else throw syntaxError();
}

/** Reversed score and member ranges name the higher bound first. */
function parseSpan(args: Args, { kind, isReversed }: RangeQuery): (zset: ZsetEntry) => Span {
  const [low, high] = isReversed ? [3, 2] : [2, 3];
  if (kind === 'score') return scoreSpan(args, low, high);
  if (kind === 'lex') return lexSpan(args, low, high);
  return rankSpan(args.int(2), args.int(3), isReversed);
}

function rank(isReversed: boolean) {
  return (client: Client, args: Args): void => {
    const zset = client.database.zset(args.str(1));
    const at = zset?.rank(args.str(2));
    if (zset === undefined || at === undefined) client.reply.nil();
    else client.reply.integer(isReversed ? zset.size - 1 - at : at);
  };
}

function replyScore(client: Client, score: number | undefined): void {
  if (score === undefined) client.reply.nil();
  else client.reply.double(score);
}

function scores(client: Client, args: Args): void {
  const zset = client.database.zset(args.str(1));
  client.reply.array(args.length - 2);
  for (let i = 2; i < args.length; i += 1) replyScore(client, zset?.scores.get(args.str(i)));
}

function count(parse: typeof scoreSpan) {
  return (client: Client, args: Args): void => {
    const span = parse(args, 2, 3);
    const zset = client.database.zset(args.str(1));
    const { start, end } = zset === undefined ? { start: 0, end: 0 } : span(zset);
    client.reply.integer(end - start);
  };
}

function scan(scanner: Scanner) {
  return (client: Client, args: Args): void => {
    const options = parseScan(args, 2);
    const zset = client.database.zset(args.str(1)) ?? new ZsetEntry();
    const isWhole = options.cursor === 0 && zset.size <= 128;
    const page = isWhole
      ? { names: itemsOf(zset, { start: 0, end: zset.size }).map(({ member }) => member), next: 0 }
      : scanner.page(zset.scores, options.cursor, options.count);
    const found = page.names.filter((name) => options.matches(name));
    client.reply.array(2);
    client.reply.text(String(page.next));
    client.reply.array(found.length * 2);
    for (const member of found) {
      client.reply.text(member);
      client.reply.number(zset.scores.get(member) ?? 0);
    }
  };
}

export function zsetReadCommands(): readonly Command[] {
  return [
    reader('zcard', 2, (client, args) => client.reply.integer(client.database.zset(args.str(1))?.size ?? 0)),
    reader('zscore', 3, (client, args) =>
      replyScore(client, client.database.zset(args.str(1))?.scores.get(args.str(2))),
    ),
    reader('zmscore', -3, scores),
    reader('zrank', 3, rank(false)),
    reader('zrevrank', 3, rank(true)),
    reader('zcount', 4, count(scoreSpan)),
    reader('zlexcount', 4, count(lexSpan)),
    reader('zrange', -4, rangeCommand(null, false)),
    reader('zrevrange', -4, rangeCommand('rank', true)),
    reader('zrangebyscore', -4, rangeCommand('score', false)),
    reader('zrevrangebyscore', -4, rangeCommand('score', true)),
    reader('zrangebylex', -4, rangeCommand('lex', false)),
    reader('zrevrangebylex', -4, rangeCommand('lex', true)),
    reader('zscan', -3, scan(new Scanner())),
  ];
}
