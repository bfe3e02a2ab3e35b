import type { Command } from 'commander';
import { type GlobalOptions, withApp } from './context.ts';
import { CliExit, EXIT } from './exit.ts';
import { say } from './output.ts';

const WIDTH = 28;

/** `umbel list bindings`: which exchange feeds which queue, in Celery's columns (celery/bin/list.py). */
export function registerList(program: Command): void {
  program
    .command('list')
    .description('What the broker knows: `bindings` are the queues with their exchanges and routing keys.')
    .argument('<what>', 'bindings')
    .option('-j, --json', 'print JSON')
    .addHelpText('after', '\nExample: umbel -A tasks list bindings')
    .action(async (what: string, options: { json?: boolean }) => {
      if (what !== 'bindings') {
        throw new CliExit(EXIT.usage, `Error: There is no list of "${what}". There is: bindings.`);
      }
      await withApp(program.opts<GlobalOptions>(), async (app) => {
        const transport = await app.transport();
        if (!transport.listBindings) {
          throw new CliExit(
            EXIT.usage,
            `Error: ${transport.displayUrl} does not tell its bindings to clients.`,
          );
        }
        const bindings = await transport.listBindings();
        if (options.json) {
          say(JSON.stringify(bindings));
          return;
        }
        const line = (...cells: string[]): void =>
          say(
            cells
              .map((cell) => cell.padEnd(WIDTH))
              .join(' ')
              .trimEnd(),
          );
        line('Queue', 'Exchange', 'Routing Key');
        line('-'.repeat(16), '-'.repeat(16), '-'.repeat(16));
        // A direct exchange without a key takes the queue's own name, as kombu shows it.
        for (const { queue, exchange, routingKey } of bindings) line(queue, exchange, routingKey || queue);
      });
    });
}
