import type { Command } from 'commander';
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
      await loadModule(resolveModule(file));
    });
}
