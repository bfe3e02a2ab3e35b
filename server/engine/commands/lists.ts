import type { Client } from '../client.ts';
import type { ListEntry } from '../keyspace/list-entry.ts';
import {
  insertBeside,
  move,
  pop,
  popOne,
  push,
  range,
  removeElements,
  type Side,
  setElement,
  trim,
} from '../keyspace/lists.ts';
import type { Args } from '../resp/args.ts';
import { ReplyError, syntaxError } from '../resp/reply-error.ts';
import { type Command, reader, remover, writer } from './command.ts';

function pushTo(side: Side, mustExist: boolean) {
  return (client: Client, args: Args): void => {
    const key = args.str(1);
    const { database, reply } = client;
    if (mustExist && database.list(key) === undefined) {
      reply.integer(0);
      return;
    }
    if (args.length === 3) reply.integer(push(database, key, side, [args.bytes(2)]));
    else {
      database.list(key);
      reply.integer(push(database, key, side, args.buffers(2)));
    }
  };
}

function popFrom(side: Side, name: string) {
  return (client: Client, args: Args): void => {
    if (args.length > 3) throw new ReplyError(`ERR wrong number of arguments for '${name}' command`);
    const { database, reply } = client;
    const count = args.length === 3 ? args.count(2) : null;
    const key = args.str(1);
    const list = database.list(key);
    if (list === undefined) {
      if (count === null) reply.nil();
      else reply.nilArray();
      return;
    }
    if (count === null) reply.bulkOrNull(popOne(database, key, list, side));
    else reply.bulks(pop(database, key, list, side, count));
  };
}

export function parseSide(args: Args, index: number): Side {
  const side = args.word(index);
  if (side === 'LEFT' || side === 'RIGHT') return side;
  throw syntaxError();
}

function element(client: Client, args: Args): void {
  const index = args.int(2);
  const list = client.database.list(args.str(1));
  const at = index < 0 ? (list?.length ?? 0) + index : index;
  client.reply.bulkOrNull(list?.at(at));
}

function elements(client: Client, args: Args): void {
  const [start, stop] = [args.int(2), args.int(3)];
  const list = client.database.list(args.str(1));
  const [first, end] = range(start, stop, list?.length ?? 0);
  client.reply.array(end - first);
  for (let i = first; i < end; i += 1) client.reply.bulkOrNull(list?.at(i));
}

function lset(client: Client, args: Args): void {
  const key = args.str(1);
  const list = client.database.list(key);
  if (list === undefined) throw new ReplyError('ERR no such key');
  if (!setElement(client.database, key, list, args.int(2), args.bytes(3))) {
    throw new ReplyError('ERR index out of range');
  }
  client.reply.ok();
}

function lrem(client: Client, args: Args): void {
  const count = args.int(2);
  const list = client.database.list(args.str(1));
  client.reply.integer(
    list === undefined ? 0 : removeElements(client.database, args.str(1), list, count, args.bytes(3)),
  );
}

function ltrim(client: Client, args: Args): void {
  const [start, stop] = [args.int(2), args.int(3)];
  const list = client.database.list(args.str(1));
  if (list !== undefined) trim(client.database, args.str(1), list, start, stop);
  client.reply.ok();
}

function linsert(client: Client, args: Args): void {
  const where = args.word(2);
  if (where !== 'BEFORE' && where !== 'AFTER') throw syntaxError();
  const list = client.database.list(args.str(1));
  const length =
    list === undefined
      ? 0
      : insertBeside(client.database, args.str(1), list, where === 'BEFORE', args.bytes(3), args.bytes(4));
  client.reply.integer(length);
}

function lpos(client: Client, args: Args): void {
  const query = parsePosition(args);
  const list = client.database.list(args.str(1));
  const found = list === undefined ? [] : positions(list, args.bytes(2), query);
  if (query.count === null) {
    const [first] = found;
    if (first === undefined) client.reply.nil();
    else client.reply.integer(first);
    return;
  }
  client.reply.array(found.length);
  for (const at of found) client.reply.integer(at);
}

function positions(list: ListEntry, wanted: Buffer, { rank, count, limit }: PositionQuery): number[] {
  const found: number[] = [];
  let skip = Math.abs(rank) - 1;
  const end = Math.min(list.length, limit);
  for (let i = 0; i < end && found.length < (count ?? 1); i += 1) {
    const at = rank > 0 ? i : list.length - 1 - i;
    if (list.at(at)?.equals(wanted) !== true) continue;
    if (skip > 0) skip -= 1;
    else found.push(at);
  }
  return found;
}

interface PositionQuery {
  rank: number;
  count: number | null;
  limit: number;
}

function parsePosition(args: Args): PositionQuery {
  const query: PositionQuery = { rank: 1, count: null, limit: Infinity };
  for (let i = 3; i < args.length; i += 2) {
    const word = args.word(i);
    if (i + 1 >= args.length) throw syntaxError();
    const value = args.int(i + 1);
    if (word === 'RANK') query.rank = checkRank(value);
    else if (word === 'COUNT') query.count = checkLimit(value, word);
    else if (word === 'MAXLEN') query.limit = checkLimit(value, word);
    else throw syntaxError();
  }
  return query;
}

/** Zero means all. */
function checkLimit(value: number, word: string): number {
  if (value < 0) throw new ReplyError(`ERR ${word} can't be negative`);
  return value === 0 ? Infinity : value;
}

function checkRank(rank: number): number {
  if (rank !== 0) return rank;
  throw new ReplyError(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
  );
}

/** `numkeys key … LEFT|RIGHT [COUNT n]`, from argument `first` on. */
export function parseMultiPop(args: Args, first: number): { keys: string[]; side: Side; count: number } {
  const text = args.str(first);
  const many = /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
  if (many < 1) throw new ReplyError('ERR numkeys should be greater than 0');
  const where = first + 1 + many;
  if (where >= args.length) throw syntaxError();
  const side = parseSide(args, where);
  let count = 1;
  if (args.length > where + 1) {
    if (args.length !== where + 3 || args.word(where + 1) !== 'COUNT') throw syntaxError();
    const countText = args.str(where + 2);
    count = /^[0-9]{1,15}$/.test(countText) ? Number(countText) : 0;
    if (count < 1) throw new ReplyError('ERR count should be greater than 0');
  }
  return { keys: args.strings(first + 1, where), side, count };
}

function lmpop(client: Client, args: Args): void {
  const { keys, side, count } = parseMultiPop(args, 1);
  for (const key of keys) {
    const list = client.database.list(key);
    if (list === undefined) continue;
    client.reply.array(2);
    client.reply.text(key);
    client.reply.bulks(pop(client.database, key, list, side, count));
    return;
  }
  client.reply.nilArray();
}

export const LIST_COMMANDS: readonly Command[] = [
  writer('lpush', -3, pushTo('LEFT', false)),
  writer('rpush', -3, pushTo('RIGHT', false)),
  writer('lpushx', -3, pushTo('LEFT', true)),
  writer('rpushx', -3, pushTo('RIGHT', true)),
  remover('lpop', -2, popFrom('LEFT', 'lpop')),
  remover('rpop', -2, popFrom('RIGHT', 'rpop')),
  reader('llen', 2, (client, args) => client.reply.integer(client.database.list(args.str(1))?.length ?? 0)),
  reader('lrange', 4, elements),
  reader('lindex', 3, element),
  reader('lpos', -3, lpos),
  writer('lset', 4, lset),
  remover('lrem', 4, lrem),
  remover('ltrim', 4, ltrim),
  writer('linsert', 5, linsert),
  writer('lmove', 5, (client, args) =>
    client.reply.bulkOrNull(
      move(client.database, args.str(1), args.str(2), parseSide(args, 3), parseSide(args, 4)),
    ),
  ),
  writer('rpoplpush', 3, (client, args) =>
    client.reply.bulkOrNull(move(client.database, args.str(1), args.str(2), 'RIGHT', 'LEFT')),
  ),
  remover('lmpop', -4, lmpop),
];
