import type { Command } from 'commander';
import type { GlobalOptions } from './context.ts';
import { say } from './output.ts';
import {
  addRemoteOptions,
  describeCommands,
  findCommand,
  type RemoteCommand,
  type RemoteOptions,
  runRemote,
} from './remote.ts';

const COMMANDS: readonly RemoteCommand[] = [
  { name: 'active', help: 'tasks that run now', parse: () => ({ safe: null }) },
  { name: 'active_queues', help: 'queues the workers consume' },
  { name: 'clock', help: 'logical clock' },
  { name: 'conf', help: 'settings, secrets masked', parse: () => ({ with_defaults: false }) },
  { name: 'ping', help: 'who is there' },
  {
    name: 'query_task',
    usage: '<id> [id …]',
    help: 'where tasks are: active, reserved or ready',
    parse: (words) => ({ ids: words }),
  },
  {
    name: 'registered',
    usage: '[attribute …]',
    help: 'task names, with attributes such as rate_limit',
    parse: (words) => ({ taskinfoitems: words }),
  },
  { name: 'report', help: 'versions and platform' },
  { name: 'reserved', help: 'tasks taken but not started' },
  { name: 'revoked', help: 'revoked task ids' },
  { name: 'scheduled', help: 'tasks waiting for their ETA' },
  { name: 'stats', help: 'counters, pool, broker, resource use' },
];

/** `umbel inspect COMMAND`: asks workers and changes nothing. */
export function registerInspect(program: Command): void {
  const command = program
    .command('inspect')
    .summary('ask the workers: active, stats, registered …')
    .description(`Ask the workers.\n\nCommands:\n${describeCommands(COMMANDS)}`)
    .argument('[command]', 'what to ask')
    .argument('[words...]', 'its arguments')
    .option('--list', 'list the commands')
    .addHelpText('after', '\nExample: umbel -A tasks inspect active');
  addRemoteOptions(command, 1).action(
    async (name: string | undefined, words: string[], options: RemoteOptions & { list?: boolean }) => {
      if (options.list || !name) {
        say(describeCommands(COMMANDS));
        return;
      }
      await runRemote(program.opts<GlobalOptions>(), findCommand(COMMANDS, name, 'inspect'), words, options);
    },
  );
}

/** `umbel status`: one line for each worker that answers. */
export function registerStatus(program: Command): void {
  const command = program.command('status').description('Show which workers are online.');
  addRemoteOptions(command, 1).action(async (options: RemoteOptions) => {
    await runRemote(program.opts<GlobalOptions>(), findCommand(COMMANDS, 'ping', 'inspect'), [], options);
  });
}
