import type { Client } from '../client.ts';
import type { Args } from '../resp/args.ts';
import { ReplyError, syntaxError } from '../resp/reply-error.ts';
import { type Command, command, container, type Services } from './command.ts';
import { checkName } from './connection.ts';
import { trackingCommands } from './tracking.ts';

function describe(client: Client): string {
  const seconds = (since: number): number => Math.floor((Date.now() - since) / 1000);
  const fields: readonly (readonly [string, string | number])[] = [
    ['id', client.id],
    ['addr', client.outlet.remote],
    ['laddr', client.outlet.local],
    ['fd', -1],
    ['name', client.name],
    ['age', seconds(client.createdAt)],
    ['idle', seconds(client.lastActiveAt)],
    ['flags', flagsOf(client)],
    ['db', client.database.index],
    ['sub', client.channels.size],
    ['psub', client.patterns.size],
    ['multi', client.queue === null ? -1 : client.queue.commands.length],
    ['omem', client.outlet.pendingBytes],
    ['cmd', client.lastCommand],
    ['user', 'default'],
    ['redir', client.tracking?.options.redirect ?? -1],
    ['resp', client.reply.protocol],
    ['lib-name', client.libraryName],
    ['lib-ver', client.libraryVersion],
  ];
  return fields.map(([name, value]) => `${name}=${value}`).join(' ');
}

function flagsOf(client: Client): string {
  const flags = [
    client.subscriptions > 0 ? 'P' : '',
    client.queue !== null ? 'x' : '',
    client.block !== null ? 'b' : '',
    client.isDirty ? 'd' : '',
    client.tracking !== null ? 't' : '',
    client.tracking?.isBroken === true ? 'R' : '',
  ].join('');
  return flags === '' ? 'N' : flags;
}

function list(client: Client, _args: Args, { clients }: Services): void {
  const lines = [...clients.values()].map((other) => `${describe(other)}\n`);
  client.reply.verbatim(lines.join(''));
}

function setInfo(client: Client, args: Args): void {
  const attribute = args.str(2).toLowerCase();
  const value = args.str(3);
  if (!/^[!-~]*$/.test(value)) {
    throw new ReplyError(`ERR ${attribute} cannot contain spaces, newlines or special characters.`);
  }
  if (attribute === 'lib-name') client.libraryName = value;
  else if (attribute === 'lib-ver') client.libraryVersion = value;
  else throw new ReplyError(`ERR Unrecognized option '${args.str(2)}'`);
  client.reply.ok();
}

function getName(client: Client): void {
  if (client.name === '') client.reply.nil();
  else client.reply.text(client.name);
}

function unblock(client: Client, args: Args, { clients }: Services): void {
  const reason = args.length > 3 ? args.word(3) : 'TIMEOUT';
  if (args.length > 4 || (reason !== 'TIMEOUT' && reason !== 'ERROR')) {
    throw new ReplyError('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  }
  const block = clients.get(args.int(2))?.block ?? null;
  block?.cancel(reason === 'ERROR' ? 'UNBLOCKED client unblocked via CLIENT UNBLOCK' : undefined);
  client.reply.integer(block === null ? 0 : 1);
}

/** `KILL address`, `KILL ID id` and `KILL ADDR address`. */
function kill(client: Client, args: Args, { clients }: Services): void {
  const isOldForm = args.length === 3;
  if (!isOldForm && (args.length !== 4 || !['ID', 'ADDR'].includes(args.word(2)))) throw syntaxError();
  const id = !isOldForm && args.word(2) === 'ID' ? killId(args) : undefined;
  const address = args.str(isOldForm ? 2 : 3);
  const victims = [...clients.values()].filter((other) =>
    id === undefined ? other.outlet.remote === address : other.id === id,
  );
  for (const victim of victims) {
    if (victim === client) client.isClosing = true;
    else victim.outlet.destroy();
  }
  if (!isOldForm) client.reply.integer(victims.length);
  else if (victims.length === 0) throw new ReplyError('ERR No such client');
  else client.reply.ok();
}

function killId(args: Args): number {
  const text = args.str(3);
  if (/^[1-9][0-9]{0,18}$/.test(text)) return Number(text);
  throw new ReplyError('ERR client-id should be greater than 0');
}

function onOff(client: Client, args: Args): void {
  const word = args.word(2);
  if (word !== 'ON' && word !== 'OFF') throw syntaxError();
  client.reply.ok();
}

export function clientCommands(): readonly Command[] {
  return [
    container('client', [
      command('client|id', 2, (client) => client.reply.integer(client.id)),
      command('client|setname', 3, (client, args) => {
        client.name = checkName(args.str(2));
        client.reply.ok();
      }),
      command('client|getname', 2, getName),
      command('client|setinfo', 4, setInfo),
      command('client|list', -2, list),
      command('client|info', 2, (client) => client.reply.verbatim(`${describe(client)}\n`)),
      command('client|unblock', -3, unblock),
      command('client|kill', -3, kill),
      // The engine evicts neither clients nor keys: both answers are true as they stand.
      command('client|no-evict', 3, onOff),
      ...trackingCommands(),
    ]),
  ];
}
