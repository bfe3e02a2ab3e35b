import { nearestName } from '../util/nearest-name.ts';
import { COMMANDS, ELSEWHERE } from './commands.ts';
import { CliExit, EXIT } from './exit.ts';

/** Global options that take a value: skipped when looking for the subcommand. */
const VALUE_OPTIONS = new Set(['-A', '--app', '-b', '--broker', '--result-backend', '--config', '--workdir']);
const FLAGS = new Set(['-q', '--quiet', '-C', '--no-color', '-h', '--help', '--version', '-V']);
/** Those that people put behind the subcommand, with what they take. */
const BEFORE: Readonly<Record<string, string>> = {
  '-A': '<module>',
  '--app': '<module>',
  '-b': '<url>',
  '--broker': '<url>',
  '--result-backend': '<url>',
  '--config': '<module>',
  '--workdir': '<dir>',
};
/** With more wrong letters than these it is no slip of the fingers. */
const MAX_SLIPS = 2;

/** What the command line asks for. */
export interface Request {
  /** The subcommand; null for what the program itself answers: help and version. */
  readonly command: string | null;
  /** Where it stands among the words; behind the last one when it does not. */
  readonly at: number;
}

/**
 * Finds the subcommand before anything is parsed, so that only its module is loaded, and refuses what the parser would
 * take for something else: an unknown command, and a global option such as `-A` behind the subcommand. Without one it
 * is `flower`.
 */
export function readRequest(argv: readonly string[]): Request {
  const at = subcommandIndex(argv);
  const name = argv[at];
  if (name === undefined) {
    const isAboutProgram = argv.some((word) => ['-h', '--help', '-V', '--version'].includes(word));
    return { command: isAboutProgram ? null : 'flower', at };
  }
  const wanted = name === 'help' ? argv[at + 1] : name;
  if (wanted !== undefined && !COMMANDS.some((command) => command.name === wanted)) {
    throw new CliExit(EXIT.usage, explain(wanted));
  }
  if (name === 'help') return { command: wanted ?? null, at };
  const late = argv
    .slice(at + 1)
    .map((word) => word.split('=')[0] ?? '')
    .find((word) => Object.hasOwn(BEFORE, word));
  if (late) {
    throw new CliExit(
      EXIT.usage,
      `Error: ${late} stands before the command: umbel ${late} ${BEFORE[late]} ${name} …`,
    );
  }
  return { command: name, at };
}

function explain(name: string): string {
  const elsewhere = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
  if (elsewhere) return `Error: There is no command "${name}". ${elsewhere}`;
  const names = COMMANDS.map((command) => command.name);
  const nearest = nearestName(name, names, MAX_SLIPS);
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  return `Error: There is no command "${name}".${hint} There are: ${names.join(', ')}.`;
}

/** Place of the subcommand among the words; behind the last of them when there is none. */
export function subcommandIndex(argv: readonly string[]): number {
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
  return FLAGS.has(word) || VALUE_OPTIONS.has(word.split('=')[0] ?? '') || /^-[Ab]./.test(word);
}
