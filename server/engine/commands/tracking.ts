import type { Client } from '../client.ts';
import type { TrackingOptions } from '../keyspace/tracking.ts';
import type { Args } from '../resp/args.ts';
import { parseInteger } from '../resp/numbers.ts';
import { ReplyError, syntaxError } from '../resp/reply-error.ts';
import { type Command, command, type Services } from './command.ts';

function tracking(client: Client, args: Args, services: Services): void {
  const word = args.word(2);
  const options = parseOptions(args, services);
  const { tracking: table } = services.keyspace;
  if (word === 'ON') {
    checkMode(client, options);
    if (client.tracking !== null) table.close(client.tracking);
    client.tracking = table.open(client, options);
  } else if (word === 'OFF') {
    if (client.tracking !== null) table.close(client.tracking);
    client.tracking = null;
  } else throw syntaxError();
  client.reply.ok();
}

const VALUED: ReadonlySet<string> = new Set(['REDIRECT', 'PREFIX']);

function parseOptions(args: Args, { clients }: Services): TrackingOptions {
  const options: TrackingOptions = { redirect: 0, isNoLoop: false, prefixes: null };
  const prefixes: string[] = [];
  let isBroadcast = false;
  for (let i = 3; i < args.length; i += 1) {
    const word = args.word(i);
    const value = i + 1 < args.length && VALUED.has(word) ? args.str(i + 1) : undefined;
    if (value !== undefined) {
      i += 1;
      if (word === 'PREFIX') prefixes.push(value);
      else options.redirect = redirection(options.redirect, parseInteger(value), clients);
    } else if (word === 'BCAST') isBroadcast = true;
    else if (word === 'NOLOOP') options.isNoLoop = true;
    else throw unknownOption(word);
  }
  options.prefixes = broadcastPrefixes(isBroadcast, prefixes);
  return options;
}

function broadcastPrefixes(isBroadcast: boolean, prefixes: readonly string[]): readonly string[] | null {
  if (prefixes.length > 0 && !isBroadcast) {
    throw new ReplyError('ERR PREFIX option requires BCAST mode to be enabled');
  }
  if (!isBroadcast) return null;
  return prefixes.length > 0 ? prefixes : [''];
}

function unknownOption(word: string): ReplyError {
  if (word !== 'OPTIN' && word !== 'OPTOUT') return syntaxError();
  return new ReplyError(`ERR ${word} is not supported by the embedded engine; use Redis`);
}

function redirection(known: number, id: number, clients: Services['clients']): number {
  if (known !== 0) throw new ReplyError('ERR A client can only redirect to a single other client');
  if (clients.get(id) === undefined) {
    throw new ReplyError('ERR The client ID you want redirect to does not exist');
  }
  return id;
}

function checkMode(client: Client, options: TrackingOptions): void {
  const known = client.tracking?.options;
  if (known === undefined || (known.prefixes === null) === (options.prefixes === null)) return;
  throw new ReplyError(
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.",
  );
}

function getRedirect(client: Client): void {
  client.reply.integer(client.tracking?.options.redirect ?? -1);
}

function trackingInfo(client: Client): void {
  const { reply, tracking: session } = client;
  const flags = session === null ? ['off'] : ['on'];
  if (session?.options.prefixes != null) flags.push('bcast');
  if (session?.options.isNoLoop === true) flags.push('noloop');
  if (session?.isBroken === true) flags.push('broken_redirect');
  reply.map(3);
  reply.text('flags');
  reply.set(flags.length);
  for (const flag of flags) reply.text(flag);
  reply.text('redirect');
  reply.integer(session?.options.redirect ?? -1);
  reply.text('prefixes');
  reply.texts(session?.options.prefixes?.filter((prefix) => prefix !== '') ?? []);
}

export function trackingCommands(): readonly Command[] {
  return [
    command('client|tracking', -3, tracking),
    command('client|getredir', 2, getRedirect),
    command('client|trackinginfo', 2, trackingInfo),
  ];
}
