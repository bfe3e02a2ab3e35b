import type { Command } from 'commander';
import type { GlobalOptions } from './context.ts';
import { addRemoteOptions, type RemoteCommand, type RemoteOptions, runRemote } from './remote.ts';

const PING: RemoteCommand = { name: 'ping', help: 'who is there' };

/** `umbel status`: a line for each worker that answers; exit 69 when none does. */
export function registerStatus(program: Command): void {
  const command = program
    .command('status')
    .description('Show which workers are online. Exit code 69 when none answers.')
    .addHelpText('after', '\nExample: umbel -A tasks status --json');
  addRemoteOptions(command).action(async (options: RemoteOptions) => {
    const style = { showsReplies: false, countsNodes: true };
    await runRemote(program.opts<GlobalOptions>(), PING, [], options, style);
  });
}
