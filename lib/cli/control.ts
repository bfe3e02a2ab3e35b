import { type Command, InvalidArgumentError } from 'commander';
import type { GlobalOptions } from './context.ts';
import { say } from './output.ts';
import { seconds, wholeNumber } from './parse.ts';
import {
  addRemoteOptions,
  describeCommands,
  findCommand,
  type RemoteCommand,
  type RemoteOptions,
  runRemote,
} from './remote.ts';

function required(words: readonly string[], index: number, what: string): string {
  const word = words[index];
  if (word === undefined) throw new InvalidArgumentError(`Missing ${what}.`);
  return word;
}

const size = (words: readonly string[]): Record<string, unknown> => ({ n: wholeNumber(words[0] ?? '1') });

function consumer(words: readonly string[]): Record<string, unknown> {
  const [, exchange, exchangeType, routingKey] = words;
  return {
    queue: required(words, 0, 'the name of the queue'),
    exchange: exchange ?? null,
    exchange_type: exchangeType ?? null,
    routing_key: routingKey ?? null,
  };
}

const COMMANDS: readonly RemoteCommand[] = [
  {
    name: 'add_consumer',
    usage: '<queue> [exchange] [type] [routing_key]',
    help: 'start consuming a queue',
    parse: consumer,
  },
  {
    name: 'cancel_consumer',
    usage: '<queue>',
    help: 'stop consuming a queue',
    parse: (words) => ({ queue: required(words, 0, 'the name of the queue') }),
  },
  { name: 'disable_events', help: 'stop sending task events' },
  { name: 'enable_events', help: 'send task events' },
  { name: 'heartbeat', help: 'send a heartbeat event now; nobody replies', isSilent: true },
  { name: 'pool_grow', usage: '[n]', help: 'more processes or slots', parse: size },
  { name: 'pool_shrink', usage: '[n]', help: 'fewer processes or slots', parse: size },
  {
    name: 'rate_limit',
    usage: '<task> <rate>',
    help: 'limit a task to e.g. 10/m; 0 lifts it',
    parse: (words) => ({
      task_name: required(words, 0, 'the name of the task'),
      rate_limit: required(words, 1, 'the rate, such as 10/m'),
    }),
  },
  {
    name: 'revoke',
    usage: '<id> [id …]',
    help: 'do not start these tasks',
    parse: (words) => ({ task_id: words, terminate: false, signal: 'SIGTERM' }),
  },
  {
    name: 'shutdown',
    help: 'stop the workers when their running tasks are done; nobody replies',
    isSilent: true,
  },
  {
    name: 'terminate',
    usage: '<signal> <id> [id …]',
    help: 'kill running tasks',
    parse: (words) => ({
      signal: required(words, 0, 'the signal, such as SIGTERM'),
      task_id: words.slice(1),
    }),
  },
  {
    name: 'time_limit',
    usage: '<task> <soft> [hard]',
    help: 'time limits of a task in seconds',
    parse: (words) => ({
      task_name: required(words, 0, 'the name of the task'),
      soft: seconds(required(words, 1, 'the soft limit in seconds')),
      hard: words[2] === undefined ? null : seconds(words[2]),
    }),
  },
];

/** `umbel control COMMAND`: changes running workers. */
export function registerControl(program: Command): void {
  const command = program
    .command('control')
    .summary('change running workers: pool_grow, add_consumer, revoke …')
    .description(`Change running workers.\n\nCommands:\n${describeCommands(COMMANDS)}`)
    .argument('[command]', 'what to change')
    .argument('[words...]', 'its arguments')
    .option('--list', 'list the commands')
    .addHelpText('after', '\nExample: umbel -A tasks control pool_grow 4 -d celery@host');
  addRemoteOptions(command, 1).action(
    async (name: string | undefined, words: string[], options: RemoteOptions & { list?: boolean }) => {
      if (options.list || !name) {
        say(describeCommands(COMMANDS));
        return;
      }
      await runRemote(program.opts<GlobalOptions>(), findCommand(COMMANDS, name, 'control'), words, options);
    },
  );
}
