import { chdir } from 'node:process';
import { Command } from 'commander';
import { UmbelError } from '../contract/errors.ts';
import { VERSION } from '../util/version.ts';
import { registerCall } from './call.ts';
import { registerControl } from './control.ts';
import { registerDev } from './dev.ts';
import { registerEvents } from './events.ts';
import { CliExit, EXIT } from './exit.ts';
import { registerFlower } from './flower.ts';
import { registerInspect, registerStatus } from './inspect.ts';
import { registerPurge } from './purge.ts';
import { registerReport } from './report.ts';
import { registerResult } from './result.ts';
import { registerRun } from './run.ts';
import { registerWorker } from './worker.ts';

/** Global options that take a value: skipped when looking for the subcommand. */
const VALUE_OPTIONS = new Set(['-A', '--app', '-b', '--broker', '--result-backend', '--workdir']);

/** The command line: global options first, then a subcommand, as Celery's. Without one it is `flower`. */
export function createProgram(): Command {
  const program = new Command('umbel')
    .description('Celery for TypeScript, with its flower built in.')
    .version(VERSION)
    .option('-A, --app <module>', 'module with the Celery app: tasks, ./tasks.ts or tasks:app')
    .option('-b, --broker <url>', 'broker URL; default: the app, CELERY_BROKER_URL, else the embedded engine')
    .option('--result-backend <url>', 'result backend URL')
    .option('--workdir <dir>', 'change to this folder first')
    .option('-q, --quiet', 'less output')
    .addHelpText(
      'after',
      '\nWithout a command: the dashboard, as `umbel flower`.\nExample: umbel -A tasks worker -l info -c 4',
    )
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError })
    .hook('preAction', (command) => changeFolder(command.opts<{ workdir?: string }>().workdir));
  for (const register of [
    registerWorker,
    registerFlower,
    registerDev,
    registerCall,
    registerResult,
    registerInspect,
    registerControl,
    registerStatus,
    registerPurge,
    registerEvents,
    registerReport,
    registerRun,
  ]) {
    register(program);
  }
  for (const command of program.commands)
    command
      .exitOverride()
      .configureOutput({ outputError })
      .showHelpAfterError('(add --help for the options)');
  return program;
}

/** The parser writes `error:`; the capital is that of all our errors. */
function outputError(text: string, write: (text: string) => void): void {
  write(text.replace(/^error:/, 'Error:'));
}

function changeFolder(folder: string | undefined): void {
  if (!folder) return;
  try {
    chdir(folder);
  } catch (error) {
    throw new UmbelError('bad_request', `Cannot change to --workdir ${folder}: is it there?`, {
      cause: error,
    });
  }
}

/** Refuses what the parser would take for something else: an unknown command, and `-A` behind the subcommand. */
export function checkGrammar(program: Command, argv: readonly string[]): void {
  const at = subcommandIndex(argv);
  const name = argv[at];
  if (name === undefined) return;
  const names = program.commands.map((command) => command.name());
  if (name !== 'help' && !names.includes(name)) {
    throw new CliExit(EXIT.usage, `Error: There is no command "${name}". There are: ${names.join(', ')}.`);
  }
  const late = argv
    .slice(at + 1)
    .find((word) => word === '-A' || word === '--app' || word.startsWith('--app='));
  if (late) {
    throw new CliExit(EXIT.usage, `Error: ${late} stands before the command: umbel -A <module> ${name} …`);
  }
}

function subcommandIndex(argv: readonly string[]): number {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (VALUE_OPTIONS.has(word)) at++;
    else if (!word.startsWith('-')) return at;
    else if (!isGlobalFlag(word)) return argv.length;
  }
  return argv.length;
}

/** An option of `flower` without the word: everything after it belongs to the dashboard. */
function isGlobalFlag(word: string): boolean {
  return (
    ['-q', '--quiet', '-h', '--help', '--version', '-V'].includes(word) ||
    VALUE_OPTIONS.has(word.split('=')[0] ?? '')
  );
}
