import type { Command } from 'commander';
import type { Mailbox } from '../control/mailbox.ts';
import { maskReply } from '../util/mask.ts';
import { nearestName } from '../util/nearest-name.ts';
import { type GlobalOptions, withMailbox } from './context.ts';
import { CliExit, EXIT } from './exit.ts';
import { nodesOnline, say, sayReply } from './output.ts';
import { list, seconds } from './parse.ts';

/** A message of remote control. */
export interface RemoteCall {
  readonly method: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What to tell of a worker that does not know the method. */
  readonly unknown?: string;
}

/** A remote command: what the words after its name mean, and what it does. `O` are options of its own. */
export interface RemoteCommand<O = unknown> {
  readonly name: string;
  readonly help: string;
  /** How the words are shown in the help, such as `<queue> [exchange]`. */
  readonly usage?: string;
  /** Turns the words into the arguments of the message. Throws InvalidArgumentError. */
  readonly parse?: (words: readonly string[], options: O) => Record<string, unknown>;
  /** For a command that is more than one message: all of them. */
  readonly calls?: (words: readonly string[], options: O) => readonly RemoteCall[];
  /** Workers obey without an answer. */
  readonly isSilent?: boolean;
}

export interface RemoteOptions {
  readonly timeout: number;
  readonly destination?: readonly string[];
  readonly json?: boolean;
}

/** What is printed of the replies when no JSON is wanted. */
export interface ReplyStyle {
  /** The text of each reply, not just that it came. */
  readonly showsReplies: boolean;
  /** How many nodes replied, as a last line. */
  readonly countsNodes: boolean;
}

/** A family of remote commands: `inspect` or `control`. */
export interface RemoteFamily<O> extends ReplyStyle {
  readonly name: string;
  readonly description: string;
  readonly example: string;
  readonly commands: readonly RemoteCommand<O>[];
  /** Adds what only this family has. */
  readonly options?: (command: Command) => Command;
}

type Answer = readonly [node: string, reply: unknown];

/** Registers `umbel inspect` or `umbel control`; without a word, and with `--list`, they tell their commands. */
export function registerRemote<O>(program: Command, family: RemoteFamily<O>): void {
  const { name, commands } = family;
  const command = program
    .command(name)
    .description(family.description)
    .argument('[command]', 'one of those below')
    .argument('[words...]', 'its arguments')
    .option('--list', 'list the commands')
    .addHelpText('after', `\nCommands:\n${describeCommands(commands)}\n\n${family.example}`);
  addRemoteOptions(command);
  family.options?.(command);
  command.action(
    async (
      word: string | undefined,
      words: string[],
      options: RemoteOptions & O & { readonly list?: boolean },
    ) => {
      if (options.list || !word) {
        say(describeCommands(commands));
        return;
      }
      const chosen = findCommand(commands, word, name);
      await runRemote(program.opts<GlobalOptions>(), chosen, words, options, family);
    },
  );
}

/** The options that every remote command has, with Celery's names. */
export function addRemoteOptions(command: Command): Command {
  return command
    .option('-t, --timeout <seconds>', 'how long to wait for replies', seconds, 1)
    .option('-d, --destination <nodes>', 'comma-separated node names; all when left out', list)
    .option('-j, --json', 'print JSON');
}

/** Sends the command and prints what each node answered. Exit 69 when none did. */
export async function runRemote<O>(
  globals: GlobalOptions,
  command: RemoteCommand<O>,
  words: readonly string[],
  options: RemoteOptions & O,
  style: ReplyStyle,
): Promise<void> {
  const { name, parse, calls } = command;
  const messages = calls?.(words, options) ?? [{ method: name, arguments: parse?.(words, options) ?? {} }];
  const rounds = await withMailbox(globals, async (mailbox) => {
    const done: Answer[][] = [];
    for (const call of messages) done.push(await ask(mailbox, call, options));
    return done;
  });
  if (rounds.every((answers) => answers.length === 0)) {
    if (!command.isSilent) throw new CliExit(EXIT.unavailable, whyNobody(options));
    say(options.json ? '{}' : `Sent. Workers do not answer ${name}.`);
    return;
  }
  warnOfTwins(rounds);
  if (options.json)
    say(JSON.stringify(rounds.length === 1 ? Object.fromEntries(rounds[0] ?? []) : byNode(rounds)));
  else sayAnswers(rounds, style, globals.quiet === true);
}

async function ask(mailbox: Mailbox, call: RemoteCall, options: RemoteOptions): Promise<Answer[]> {
  const { destination } = options;
  const replies = await mailbox.broadcast(call.method, {
    arguments: call.arguments,
    timeoutMs: options.timeout * 1000,
    reply: true,
    ...(destination && { destination, limit: destination.length }),
  });
  // Workers of other makes mask less than ours.
  return replies
    .flatMap((reply) => Object.entries(reply))
    .map(([node, reply]) => [
      node,
      isUnknown(reply, call) ? { error: call.unknown } : maskReply(call.method, reply),
    ]);
}

/** Celery's warning (kombu/pidbox.py `DuplicateNodenameWarning`). */
function warnOfTwins(rounds: readonly Answer[][]): void {
  const twins = new Set(
    rounds.flatMap((answers) => {
      const names = answers.map(([node]) => node);
      return names.filter((node, index) => names.indexOf(node) !== index);
    }),
  );
  if (twins.size === 0) return;
  process.stderr.write(
    `Warning: Several workers answered as ${[...twins].join(', ')}. Give each a name of its own with -n, such as -n w1@%h.\n`,
  );
}

function isUnknown(reply: unknown, { method, unknown }: RemoteCall): boolean {
  if (unknown === undefined || reply === null || typeof reply !== 'object' || !('error' in reply))
    return false;
  return reply.error === `KeyError('${method}')`;
}

function whyNobody({ destination }: RemoteOptions): string {
  const hint = destination ? `\nNobody is called ${destination.join(' or ')}? See: umbel status` : '';
  return `Error: No nodes replied within time constraint${hint}`;
}

function byNode(rounds: readonly Answer[][]): Record<string, unknown[]> {
  const nodes: Record<string, unknown[]> = Object.create(null);
  for (const [node, reply] of rounds.flat()) nodes[node] = [...(nodes[node] ?? []), reply];
  return nodes;
}

function sayAnswers(rounds: readonly Answer[][], style: ReplyStyle, isQuiet: boolean): void {
  for (const [node, reply] of rounds.flat()) {
    sayReply(node, reply, { hasArrow: !isQuiet, hasText: style.showsReplies && !isQuiet });
  }
  if (!style.countsNodes || isQuiet) return;
  say(nodesOnline(Math.max(...rounds.map((answers) => new Set(answers.map(([node]) => node)).size))));
}

/** Finds a command by name or says which there are. */
function findCommand<O>(commands: readonly RemoteCommand<O>[], name: string, kind: string): RemoteCommand<O> {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const names = commands.map((command) => command.name);
  const nearest = nearestName(name, names, 2);
  const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
  throw new CliExit(
    EXIT.usage,
    `Error: "${name}" is no ${kind} command.${hint} There are: ${names.join(', ')}.`,
  );
}

/** The commands as lines of a help text. */
function describeCommands<O>(commands: readonly RemoteCommand<O>[]): string {
  const width = Math.max(...commands.map((command) => headOf(command).length));
  return commands.map((command) => `  ${headOf(command).padEnd(width)}  ${command.help}`).join('\n');
}

function headOf<O>({ name, usage }: RemoteCommand<O>): string {
  return usage === undefined ? name : `${name} ${usage}`;
}
