import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Celery } from '../app/celery.ts';
import { type GlobalOptions, withApp } from './context.ts';
import { CliExit, EXIT } from './exit.ts';
import { say } from './output.ts';
import { list } from './parse.ts';

interface PurgeOptions {
  readonly force?: boolean;
  readonly queues?: readonly string[];
  readonly excludeQueues?: readonly string[];
}

/** `umbel purge`: deletes the waiting messages of queues, after a question unless `-f`. */
export function registerPurge(program: Command): void {
  program
    .command('purge')
    .description('Delete all waiting messages of queues. They cannot be brought back.')
    .option('-f, --force', 'do not ask')
    .option(
      '-Q, --queues <names>',
      'comma-separated queues; default: the ones the app is configured with',
      list,
    )
    .option('-X, --exclude-queues <names>', 'queues to leave alone', list)
    .addHelpText('after', '\nExample: umbel -A tasks purge -Q reports')
    .action(async (options: PurgeOptions) => {
      await withApp(program.opts<GlobalOptions>(), (app) => purge(app, options));
    });
}

async function purge(app: Celery, { queues, excludeQueues = [], force }: PurgeOptions): Promise<void> {
  const names = [...new Set(queues ?? app.queueNames())].filter((name) => !excludeQueues.includes(name));
  if (names.length === 0) {
    throw new CliExit(EXIT.usage, 'Error: Every queue is excluded; none is left to purge.');
  }
  if (!force) await confirm(names);
  const purged = await app.control.purge(names);
  const noun = names.length === 1 ? 'queue' : 'queues';
  if (purged === 0) say(`No messages purged from ${names.length} ${noun}.`);
  else
    say(`Purged ${purged} ${purged === 1 ? 'message' : 'messages'} from ${names.length} known task ${noun}.`);
}

async function confirm(names: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CliExit(EXIT.usage, 'Error: purge asks before it deletes; add -f in a script.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal
    .question(`This removes all tasks from: ${names.join(', ')}.\nThere is no undo. Are you sure? [y/N]: `)
    // Ctrl-C and Ctrl-D.
    .catch(() => '');
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliExit(EXIT.failure, 'Aborted!');
}
