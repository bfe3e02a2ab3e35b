import type { Command } from 'commander';
import { toError } from '../contract/errors.ts';
import { exceptionRepr } from '../protocol/exception.ts';
import { type GlobalOptions, withApp } from './context.ts';
import { CliExit, EXIT } from './exit.ts';
import { say } from './output.ts';
import { seconds } from './parse.ts';

/** `umbel result ID`: waits for a task and prints what it returned; exit 1 when it failed. */
export function registerResult(program: Command): void {
  program
    .command('result')
    .description('Wait for a task and print its result.')
    .argument('<id>', 'id of the task')
    .option('--traceback', 'print the traceback instead; does not wait')
    .option('--timeout <seconds>', 'give up after so many seconds', seconds)
    .addHelpText('after', '\nExample: umbel -A tasks result 4f02c1aa-93b2-4d0c-a6f1-2b9d40e8c371')
    .action(async (id: string, options: { traceback?: boolean; timeout?: number }) => {
      await withApp(program.opts<GlobalOptions>(), async (app) => {
        const result = app.AsyncResult(id);
        if (options.traceback) {
          say((await result.traceback()) ?? '');
          return;
        }
        try {
          const value = await result.get(options.timeout === undefined ? {} : { timeout: options.timeout });
          say(typeof value === 'string' ? value : JSON.stringify(value ?? null));
        } catch (error) {
          throw new CliExit(EXIT.failure, `Error: ${exceptionRepr(toError(error))}`);
        }
      });
    });
}
