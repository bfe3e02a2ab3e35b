import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { type GlobalOptions, withApp } from './context.ts';
import { CliExit, EXIT } from './exit.ts';
import { say } from './output.ts';
import { list } from './parse.ts';

const queues = (count: number): string => (count === 1 ? 'queue' : 'queues');

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
    .action(async (options: { force?: boolean; queues?: string[]; excludeQueues?: string[] }) => {
      await withApp(program.opts<GlobalOptions>(), async (app) => {
        const excluded = new Set(options.excludeQueues);
        const names = (options.queues ?? app.router.queues.map((queue) => queue.name)).filter(
          (name) => !excluded.has(name),
        );
        if (!options.force) await confirm(names);
        const transport = await app.transport();
        let purged = 0;
        for (const name of names) purged += await transport.purge(name);
        const messages = `${purged} ${purged === 1 ? 'message' : 'messages'}`;
        say(
          purged
            ? `Purged ${messages} from ${names.length} known task ${queues(names.length)}.`
            : `No messages purged from ${names.length} ${queues(names.length)}.`,
        );
      });
    });
}

async function confirm(names: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CliExit(EXIT.usage, 'Error: purge asks before it deletes; use -f in a script.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(
    `This removes all tasks from: ${names.join(', ')}.\nAre you sure? [y/N]: `,
  );
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliExit(EXIT.failure, 'Aborted!');
}
