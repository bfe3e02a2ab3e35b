import { type Command, InvalidArgumentError } from 'commander';
import { toError } from '../contract/errors.ts';
import { engineHint } from '../worker/engine-hint.ts';
import { explainLoadError } from '../worker/load-error.ts';
import { loadModule, resolveModule } from '../worker/load-module.ts';
import { CliExit, EXIT } from './exit.ts';

/** `umbel run FILE`: runs a TypeScript or JavaScript file, for clients that have no build step. */
export function registerRun(program: Command): void {
  program
    .command('run')
    .description('Run a TypeScript or JavaScript file, such as a client that sends tasks.')
    .argument('<file>', 'file to run')
    .addHelpText('after', '\nExample: umbel run client.ts')
    .action(async (file: string) => {
      // Started with a channel (by `umbel dev`): without its parent it ends.
      if (process.connected) process.once('disconnect', () => process.exit(0));
      const path = pathOf(file);
      try {
        await loadModule(path);
      } catch (error) {
        throw failed(path, error);
      }
    });
}

/** What the file threw, in the words of a run: it was loaded all right. */
function failed(path: string, error: unknown): CliExit {
  const thrown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return new CliExit(EXIT.failure, `Error: ${explainLoadError(thrown, path, 'failed')}${engineHint(thrown)}`);
}

/** A file that is not there is bad usage; what goes wrong in it is a failure. */
function pathOf(file: string): string {
  try {
    return resolveModule(file);
  } catch (error) {
    throw new InvalidArgumentError(toError(error).message);
  }
}
