import type { Command, Option } from 'commander';
import { LOG_LEVELS } from '../util/logger.ts';
import { COMMANDS } from './commands.ts';
import { openApp } from './context.ts';
import { subcommandIndex } from './grammar.ts';
import { say } from './output.ts';
import { createProgram } from './program.ts';

/** The question that the scripts of `umbel completion` ask: the words up to the cursor, without the program. */
export async function sayCompletions(argv: readonly string[]): Promise<void> {
  for (const word of await complete(argv.slice(argv.indexOf('--') + 1))) say(word);
}

/** What may stand in place of the last of the words; the others are those before it. Nothing: a file, or all is said. */
async function complete(words: readonly string[]): Promise<string[]> {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? '';
  const at = subcommandIndex(before);
  const name = before[at];
  const program = await createProgram({ command: name ?? null, at });
  const command = program.commands.find((known) => name !== undefined && known.name() === name);
  const candidates = await candidatesFor(command ?? program, before, before.slice(at + 1), typed, program);
  return candidates.filter((candidate) => candidate.startsWith(typed));
}

async function candidatesFor(
  command: Command,
  before: readonly string[],
  own: readonly string[],
  typed: string,
  program: Command,
): Promise<readonly string[]> {
  const last = before.at(-1) ?? '';
  const options = [...program.options, ...command.options];
  const asked = options.find(
    (option) => takesValue(option) && (option.short === last || option.long === last),
  );
  if (asked !== undefined) return valuesOf(asked);
  if (typed.startsWith('-')) return optionNames(command);
  if (command === program) return COMMANDS.map(({ name }) => name);
  return hasArgument(own, options) ? [] : firstWords(command.name(), before);
}

/** Whether a word stands there that is neither an option nor the value of one. */
function hasArgument(words: readonly string[], options: readonly Option[]): boolean {
  return words.some((word, index) => {
    const before = words[index - 1];
    const isValue = options.some(
      (option) => takesValue(option) && (option.short === before || option.long === before),
    );
    return !word.startsWith('-') && !isValue;
  });
}

const takesValue = (option: Option): boolean => option.required || option.optional;

function valuesOf(option: Option): readonly string[] {
  if (option.argChoices) return option.argChoices;
  switch (option.long) {
    case '--pool':
      return ['prefork', 'threads', 'async', 'solo'];
    case '--loglevel':
      return LOG_LEVELS.map((level) => level.toLowerCase());
    case '--serializer':
      return ['json', 'msgpack', 'yaml'];
    default:
      return [];
  }
}

function optionNames(command: Command): string[] {
  const shown = command.options.filter(({ hidden }) => !hidden);
  return [...shown.flatMap(({ long }) => (long ? [long] : [])), '--help'];
}

async function firstWords(name: string, before: readonly string[]): Promise<readonly string[]> {
  switch (name) {
    case 'inspect':
      return (await import('./inspect.ts')).INSPECT_COMMANDS.map((command) => command.name);
    case 'control':
      return (await import('./control-commands.ts')).CONTROL_COMMANDS.map((command) => command.name);
    case 'call':
      return taskNames(before);
    case 'list':
      return ['bindings'];
    case 'completion':
      return ['bash', 'zsh', 'fish'];
    case 'help':
      return COMMANDS.map((command) => command.name);
    default:
      return [];
  }
}

/** The tasks of the app; one that does not load has none to offer. */
async function taskNames(before: readonly string[]): Promise<readonly string[]> {
  const at = before.findIndex((word) => word === '-A' || word === '--app');
  const app = before[at + 1] ?? process.env['CELERY_APP'];
  if (app === undefined) return [];
  try {
    return (await openApp({ app })).tasks.names();
  } catch {
    return [];
  }
}
