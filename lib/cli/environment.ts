import type { Command, Option } from 'commander';

/** Their variables name the broker and the store in every Celery process; an app that sets its own goes before them. */
const SETTINGS = new Set(['--broker', '--result-backend']);

/**
 * The command line with the options that stand in the environment in front of those that were typed, which win. As in
 * Celery (click's `auto_envvar_prefix`): `CELERY_APP`, `CELERY_WORKER_CONCURRENCY`; a flag is set by 1, true, yes or on.
 * `at` is the place of the subcommand.
 */
export function withEnvironment(program: Command, argv: readonly string[], at: number): string[] {
  const name = argv[at];
  const command = program.commands.find((known) => known.name() === name);
  return [
    ...wordsOf(program.options, 'CELERY'),
    ...argv.slice(0, at + 1),
    ...(command === undefined ? [] : wordsOf(command.options, `CELERY_${command.name().toUpperCase()}`)),
    ...argv.slice(at + 1),
  ];
}

function wordsOf(options: readonly Option[], prefix: string): string[] {
  return options.flatMap(({ long, required }) => {
    if (!long || long === '--version' || SETTINGS.has(long)) return [];
    const value = process.env[`${prefix}_${long.slice(2).replaceAll('-', '_').toUpperCase()}`];
    if (value === undefined || value === '') return [];
    if (required) return [`${long}=${value}`];
    return /^(1|true|yes|on)$/i.test(value) ? [long] : [];
  });
}
