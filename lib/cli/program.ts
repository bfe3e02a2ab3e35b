import { chdir } from 'node:process';
import { Command } from 'commander';
import { UmbelError } from '../contract/errors.ts';
import { maskText } from '../util/mask.ts';
import { VERSION } from '../util/version.ts';
import { COMMANDS } from './commands.ts';
import type { Request } from './grammar.ts';

/**
 * The command line: global options first, then a subcommand, as Celery's. Only the module of the command that was asked
 * for is loaded; of the others the help shows the one line.
 */
export async function createProgram(request: Request): Promise<Command> {
  const program = new Command('umbel')
    .description('Celery for TypeScript, with its flower built in.')
    .version(VERSION)
    .option('-A, --app <module>', 'module with the Celery app: tasks, ./tasks.ts or tasks:app')
    .option('-b, --broker <url>', 'broker URL; default: the app, CELERY_BROKER_URL, else the embedded engine')
    .option('--result-backend <url>', 'result backend URL')
    .option('--config <module>', 'module that exports settings, laid over those of the app')
    .option('--workdir <dir>', 'change to this folder first')
    .option('-C, --no-color', 'no colours')
    .option('-q, --quiet', 'less output')
    .addHelpText('after', ABOUT)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError })
    .hook('preAction', (command) => prepare(command.opts<{ workdir?: string; color?: boolean }>()));
  for (const { name, summary, load } of COMMANDS) {
    if (name !== request.command) {
      program.command(name).summary(summary);
      continue;
    }
    const register = await load();
    register(program);
  }
  for (const command of program.commands) {
    const entry = COMMANDS.find(({ name }) => name === command.name());
    if (entry) command.summary(entry.summary);
    command
      .exitOverride()
      .configureOutput({ outputError })
      .showHelpAfterError('(add --help for the options)');
  }
  return program;
}

const ABOUT = `
Without a command: the dashboard, as \`umbel flower\`. Options stand also in the environment: CELERY_APP for -A,
CELERY_WORKER_CONCURRENCY for -c of the worker, and so on.
Example: umbel -A tasks worker -l info -c 4`;

/** The parser writes `error:`; the capital is that of all our errors. */
function outputError(text: string, write: (text: string) => void): void {
  write(maskText(text.replace(/^error:/, 'Error:')));
}

function prepare({ workdir, color }: { workdir?: string; color?: boolean }): void {
  if (color === false) process.env['NO_COLOR'] = '1';
  if (!workdir) return;
  try {
    chdir(workdir);
  } catch (error) {
    throw new UmbelError('bad_request', `Cannot change to --workdir ${workdir}: is it there?`, {
      cause: error,
    });
  }
}
