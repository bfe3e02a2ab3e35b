import { type Command, InvalidArgumentError } from 'commander';
import { toError } from '../contract/errors.ts';
import { loadModule, resolveModule } from '../worker/load-module.ts';

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
      await loadModule(pathOf(file));
    });
}

/** A file that is not there is bad usage; what goes wrong in it is a failure. */
function pathOf(file: string): string {
  try {
    return resolveModule(file);
  } catch (error) {
    throw new InvalidArgumentError(toError(error).message);
  }
}
