import type { Client } from '../client.ts';
import { compileGlob } from '../glob.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Args } from '../resp/args.ts';
import { ReplyError } from '../resp/reply-error.ts';
import { type Command, command, container, type Services } from './command.ts';
import { REDIS_VERSION } from './connection.ts';

type Facts = readonly (readonly [name: string, value: string | number])[];

function infoSections(services: Services): Map<string, Facts> {
  const { facts, clients, keyspace, pubsub } = services;
  const uptime = Math.floor((Date.now() - facts.startedAt) / 1000);
  const blocked = keyspace.blocking.size;
  return new Map<string, Facts>([
    [
      'Server',
      [
        ['redis_version', REDIS_VERSION],
        ['redis_mode', 'standalone'],
        ['server_name', 'umbel'],
        ['os', process.platform],
        ['arch_bits', 64],
        ['process_id', process.pid],
        ['tcp_port', facts.port],
        ['uptime_in_seconds', uptime],
        ['uptime_in_days', Math.floor(uptime / 86_400)],
      ],
    ],
    [
      'Clients',
      [
        ['connected_clients', clients.size],
        ['blocked_clients', blocked],
        ['tracking_clients', keyspace.tracking.sessions],
      ],
    ],
    [
      'Memory',
      [
        ['used_memory', keyspace.usedBytes],
        ['used_memory_rss', process.memoryUsage.rss()],
        ['maxmemory', facts.maxMemoryBytes],
        ['maxmemory_policy', 'noeviction'],
      ],
    ],
    [
      'Persistence',
      [
        ['loading', 0],
        ['aof_enabled', facts.dataDir === null ? 0 : 1],
        ['aof_current_size', facts.logBytes()],
        ['aof_last_write_status', facts.isLogHealthy() ? 'ok' : 'err'],
      ],
    ],
    [
      'Stats',
      [
        ['total_connections_received', clients.lastId],
        ['total_commands_processed', facts.commandsProcessed()],
        ['expired_keys', keyspace.expiredKeys],
        ['pubsub_patterns', pubsub.patternCount],
        ['tracking_total_keys', keyspace.tracking.keys],
      ],
    ],
    [
      'Replication',
      [
        ['role', 'master'],
        ['connected_slaves', 0],
      ],
    ],
    ['Keyspace', keyspaceFacts(keyspace)],
  ]);
}

function keyspaceFacts(keyspace: Keyspace): Facts {
  return keyspace.databases
    .filter(({ entries }) => entries.size > 0)
    .map(({ index, entries, expiring }) => [
      `db${index}`,
      `keys=${entries.size},expires=${expiring.size},avg_ttl=0`,
    ]);
}

function info(client: Client, args: Args, services: Services): void {
  const wanted = new Set(args.strings(1).map((name) => name.toLowerCase()));
  const isAll = wanted.size === 0 || ['all', 'default', 'everything'].some((name) => wanted.has(name));
  const parts: string[] = [];
  for (const [title, facts] of infoSections(services)) {
    if (!isAll && !wanted.has(title.toLowerCase())) continue;
    const lines = facts.map(([name, value]) => `${name}:${value}\r\n`);
    parts.push(`# ${title}\r\n${lines.join('')}`);
  }
  client.reply.verbatim(parts.join('\r\n'));
}

function configGet(client: Client, args: Args, { facts }: Services): void {
  const known: Facts = [
    ['appendonly', facts.dataDir === null ? 'no' : 'yes'],
    ['databases', 16],
    ['maxmemory', facts.maxMemoryBytes],
    ['maxmemory-policy', 'noeviction'],
    ['port', facts.port],
    ['save', ''],
    ['timeout', 0],
  ];
  const patterns = args.strings(2).map((pattern) => compileGlob(pattern.toLowerCase()));
  const found = known.filter(([name]) => patterns.some((matches) => matches(name)));
  client.reply.map(found.length);
  for (const [name, value] of found) {
    client.reply.text(name);
    client.reply.text(String(value));
  }
}

function time(client: Client): void {
  const now = Date.now() * 1000 + Math.floor((performance.now() * 1000) % 1000);
  client.reply.texts([String(Math.floor(now / 1_000_000)), String(now % 1_000_000)]);
}

/** Which commands there are is told by count only: clients ask for the table to print help. */
function commandTable(count: () => number): Command {
  const empty = (client: Client): void => client.reply.array(0);
  const subcommands = container('command', [
    command('command|count', 2, (client) => client.reply.integer(count())),
    command('command|docs', -2, (client) => client.reply.map(0)),
    command('command|info', -2, (client, args) => {
      client.reply.array(args.length - 2);
      for (let i = 2; i < args.length; i += 1) client.reply.nilArray();
    }),
    command('command|list', 2, empty),
  ]).subcommands;
  return command('command', -1, (client, args, services) => {
    if (args.length === 1) {
      empty(client);
      return;
    }
    const sub = subcommands?.get(args.str(1).toLowerCase());
    if (sub === undefined) throw new ReplyError(`ERR unknown subcommand '${args.str(1)}'. Try COMMAND HELP.`);
    sub.run(client, args, services);
  });
}

export function serverCommands(count: () => number): readonly Command[] {
  return [
    command('info', -1, info),
    command('time', 1, time),
    container('config', [command('config|get', -3, configGet)]),
    commandTable(count),
  ];
}
