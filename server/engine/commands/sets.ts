import type { Client } from '../client.ts';
import { addMembers, removeMembers } from '../keyspace/collections.ts';
import type { SetEntry } from '../keyspace/entry.ts';
import type { Args } from '../resp/args.ts';
import { syntaxError } from '../resp/reply-error.ts';
import { type Command, reader, remover, writer } from './command.ts';
import { parseScan, Scanner } from './scan.ts';

function members(client: Client, args: Args): void {
  const set = client.database.set(args.str(1));
  client.reply.set(set?.members.size ?? 0);
  for (const member of set?.members ?? []) client.reply.text(member);
}

function pop(client: Client, args: Args): void {
  if (args.length > 3) throw syntaxError();
  const key = args.str(1);
  const count = args.length === 3 ? args.count(2) : null;
  const set = client.database.set(key);
  const taken = set === undefined ? [] : pick(set, count ?? 1);
  removeMembers(client.database, key, taken);
  if (count !== null) {
    client.reply.set(taken.length);
    for (const member of taken) client.reply.text(member);
    return;
  }
  const [first] = taken;
  if (first === undefined) client.reply.nil();
  else client.reply.text(first);
}

/** Distinct members, drawn from all. */
function pick(set: SetEntry, count: number): string[] {
  const all = [...set.members];
  if (count >= all.length) return all;
  for (let i = 0; i < count; i += 1) {
    const other = i + Math.floor(Math.random() * (all.length - i));
    const [a, b] = [all[i], all[other]];
    if (a !== undefined && b !== undefined) [all[i], all[other]] = [b, a];
  }
  return all.slice(0, count);
}

function areMembers(client: Client, args: Args): void {
  const set = client.database.set(args.str(1));
  client.reply.array(args.length - 2);
  for (let i = 2; i < args.length; i += 1)
    client.reply.integer(set?.members.has(args.str(i)) === true ? 1 : 0);
}

function scan(scanner: Scanner) {
  return (client: Client, args: Args): void => {
    const options = parseScan(args, 2);
    const all = client.database.set(args.str(1))?.members ?? new Set<string>();
    const count = options.cursor === 0 && all.size <= 128 ? all.size + 1 : options.count;
    const page = scanner.page(all, options.cursor, count);
    client.reply.array(2);
    client.reply.text(String(page.next));
    client.reply.texts(page.names.filter((name) => options.matches(name)));
  };
}

export function setCommands(): readonly Command[] {
  return [
    writer('sadd', -3, (client, args) =>
      client.reply.integer(addMembers(client.database, args.str(1), args.strings(2))),
    ),
    remover('srem', -3, (client, args) =>
      client.reply.integer(removeMembers(client.database, args.str(1), args.strings(2))),
    ),
    reader('smembers', 2, members),
    reader('sismember', 3, (client, args) =>
      client.reply.integer(client.database.set(args.str(1))?.members.has(args.str(2)) === true ? 1 : 0),
    ),
    reader('smismember', -3, areMembers),
    reader('scard', 2, (client, args) =>
      client.reply.integer(client.database.set(args.str(1))?.members.size ?? 0),
    ),
    remover('spop', -2, pop),
    reader('sscan', -3, scan(new Scanner())),
  ];
}
