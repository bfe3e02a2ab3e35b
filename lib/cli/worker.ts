import type { Command } from 'commander';
import type { GlobalOptions } from './context.ts';
import { detach, isDetached } from './detach.ts';
import { CliExit, EXIT } from './exit.ts';
import { say } from './output.ts';
import { applyPrivileges } from './privileges.ts';
import { readSettingWords } from './setting-words.ts';
import { addWorkerOptions, logFileOf, type WorkerCliOptions } from './worker-options.ts';

/** `umbel worker`: runs tasks until it is told to stop. */
export function registerWorker(program: Command): void {
  const command = program
    .command('worker')
    .description('Run tasks: take them from queues and run them in a pool of processes or in one event loop.')
    .argument('[settings...]', 'settings to change, such as task_acks_late=true')
    .addHelpText('after', '\nExample: umbel -A tasks worker -l info -c 4 -Q celery,reports -n w1@%h');
  addWorkerOptions(command).action(async (words: string[], options: WorkerCliOptions) => {
    const globals = program.opts<GlobalOptions>();
    const settings = readSettingWords(words, 'worker');
    checkApp(globals);
    if (options.detach && !isDetached()) {
      applyPrivileges(options);
      say(await detach(logFileOf(options)));
      return;
    }
    // Not just the exit code: a task that was cut off, or a module of the user's, may keep timers and sockets open.
    const { runWorker } = await import('./run-worker.ts');
    process.exit(await runWorker(globals, options, settings));
  });
}

function checkApp({ app }: GlobalOptions): void {
  if (app) return;
  throw new CliExit(EXIT.usage, 'Error: A worker needs an app: umbel -A tasks worker (tasks.ts exports it).');
}
