import type { Client } from '../client.ts';
import type { Args } from '../resp/args.ts';
import { parseInteger } from '../resp/numbers.ts';
import { ReplyError, syntaxError, wrongArity } from '../resp/reply-error.ts';
import { type Command, command, type Services } from './command.ts';

/** The version of Redis whose behaviour and error texts this server follows. */
export const REDIS_VERSION = '7.0.15';

function ping(client: Client, args: Args): void {
  if (args.length > 2) throw wrongArity('ping');
  const { reply } = client;
  if (client.subscriptions > 0 && reply.protocol === 2) {
    reply.texts(['pong', args.length === 2 ? args.str(1) : '']);
  } else if (args.length === 2) reply.bulk(args.bytes(1));
  else reply.status('PONG');
}

function login(client: Client, user: string, password: string, { auth }: Services): void {
  if (!auth.accepts(user, password)) {
    throw new ReplyError('WRONGPASS invalid username-password pair or user is disabled.');
  }
  client.isAuthenticated = true;
}

function authenticate(client: Client, args: Args, services: Services): void {
  if (args.length > 3) throw syntaxError();
  if (args.length === 2 && !services.auth.isRequired) {
    throw new ReplyError(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    );
  }
  if (args.length === 2) login(client, 'default', args.str(1), services);
  else login(client, args.str(1), args.str(2), services);
  client.reply.ok();
}

function hello(client: Client, args: Args, services: Services): void {
  const protocol = args.length > 1 ? parseProtocol(args.str(1)) : client.reply.protocol;
  let name: string | undefined;
  for (let i = 2; i < args.length; i += 1) {
    const word = args.word(i);
    const left = args.length - 1 - i;
    if (word === 'AUTH' && left >= 2) {
      login(client, args.str(i + 1), args.str(i + 2), services);
      i += 2;
    } else if (word === 'SETNAME' && left >= 1) {
      name = checkName(args.str(i + 1));
      i += 1;
    } else throw new ReplyError(`ERR Syntax error in HELLO option '${args.str(i)}'`);
  }
  if (!client.isAuthenticated) {
    throw new ReplyError(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time',
    );
  }
  if (name !== undefined) client.name = name;
  client.reply.protocol = protocol;
  replyHello(client);
}

function parseProtocol(text: string): 2 | 3 {
  let version: number;
  try {
    version = parseInteger(text);
  } catch {
    // The general text would not say what is wrong.
    throw new ReplyError('ERR Protocol version is not an integer or out of range');
  }
  if (version === 2 || version === 3) return version;
  throw new ReplyError('NOPROTO unsupported protocol version');
}

function replyHello({ reply, id }: Client): void {
  reply.map(7);
  for (const [name, value] of [
    ['server', 'redis'],
    ['version', REDIS_VERSION],
  ] as const) {
    reply.text(name);
    reply.text(value);
  }
  reply.text('proto');
  reply.integer(reply.protocol);
  reply.text('id');
  reply.integer(id);
  reply.text('mode');
  reply.text('standalone');
  reply.text('role');
  reply.text('master');
  reply.text('modules');
  reply.array(0);
}

/** A client's name: printable, without spaces, so that CLIENT LIST can be parsed. */
export function checkName(name: string): string {
  if (/^[!-~]*$/.test(name)) return name;
  throw new ReplyError('ERR Client names cannot contain spaces, newlines or special characters.');
}

function select(client: Client, args: Args, { keyspace }: Services): void {
  const index = args.int(1);
  const database = keyspace.databases[index];
  if (database === undefined) throw new ReplyError('ERR DB index is out of range');
  client.database = database;
  client.reply.ok();
}

function reset(client: Client, _args: Args, { keyspace, pubsub, auth }: Services): void {
  if (client.tracking !== null) keyspace.tracking.close(client.tracking);
  client.tracking = null;
  client.discard();
  pubsub.leave(client);
  client.database = keyspace.database(0);
  client.isAuthenticated = !auth.isRequired;
  client.name = '';
  client.reply.protocol = 2;
  client.reply.status('RESET');
}

function hangUp(client: Client): void {
  client.isClosing = true;
}

export const CONNECTION_COMMANDS: readonly Command[] = [
  command('ping', -1, ping, { isPubSub: true }),
  command('echo', 2, (client, args) => client.reply.bulk(args.bytes(1))),
  command('hello', -1, hello, { isOpen: true, isNotQueueable: true }),
  command('auth', -2, authenticate, { isOpen: true, isNotQueueable: true }),
  command('select', 2, select),
  command(
    'quit',
    -1,
    (client) => {
      client.reply.ok();
      client.isClosing = true;
    },
    { isOpen: true, isPubSub: true, isImmediate: true },
  ),
  // A browser was made to send its request here (server.c, securityWarningCommand): no byte of it is to be run.
  command('post', -1, hangUp, { isOpen: true, isPubSub: true, isImmediate: true }),
  command('host:', -1, hangUp, { isOpen: true, isPubSub: true, isImmediate: true }),
  command('reset', 1, reset, { isOpen: true, isPubSub: true, isImmediate: true }),
];
