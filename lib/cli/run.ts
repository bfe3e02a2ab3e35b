import { type Command, InvalidArgumentError } from 'commander';
import { toError } from '../contract/errors.ts';
import { engineHint } from '../worker/engine-hint.ts';
import { explainLoadError } from '../worker/load-error.ts';
import { loadModule, resolveModule } from '../worker/load-module.ts';
import { explain } from './exit.ts';

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
        await endFailed(path, error);
      }
    });
}

/**
 * Says what the file threw and ends the process, as Node does: nobody closes the connections that it left open, and they
 * would keep the process for ever.
 */
async function endFailed(path: string, error: unknown): Promise<never> {
  const thrown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const hint = await engineHint(thrown);
  const { text, exitCode } = explain(new Error(`${explainLoadError(thrown, path, 'failed')}${hint}`));
  await new Promise((resolve) => process.stderr.write(`${text}\n`, resolve));
  process.exit(exitCode);
}

/** A file that is not there is bad usage; what goes wrong in it is a failure. */
function pathOf(file: string): string {
  try {
    return resolveModule(file);
  } catch (error) {
    throw new InvalidArgumentError(toError(error).message);
  }
}
