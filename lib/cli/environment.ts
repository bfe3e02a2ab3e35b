import type { Command, Option } from 'commander';

/** Their variables name the broker and the store in every Celery process; an app that sets its own goes before them. */
const SETTINGS = new Set(['--broker', '--result-backend']);

/**
 * Lets every option of the program and of the loaded subcommand be given by an environment variable, as Celery's command
 * line does (click's `auto_envvar_prefix`): `CELERY_APP`, `CELERY_WORKER_CONCURRENCY`. An option on the command line wins.
 */
export function readEnvironment(program: Command): void {
  for (const option of program.options) bind(option, 'CELERY');
  for (const command of program.commands) {
    for (const option of command.options) bind(option, `CELERY_${command.name().toUpperCase()}`);
  }
}

function bind(option: Option, prefix: string): void {
  if (option.long === '--version' || !option.long || SETTINGS.has(option.long)) return;
  const name = `${prefix}_${option.long.slice(2).replaceAll('-', '_').toUpperCase()}`;
  if (isSet(option, process.env[name])) option.env(name);
}

/** A flag is switched by a word: `1`, `true`, `yes` or `on`. */
function isSet(option: Option, value: string | undefined): boolean {
  if (value === undefined || value === '') return false;
  return option.required || option.optional || /^(1|true|yes|on)$/i.test(value);
}
