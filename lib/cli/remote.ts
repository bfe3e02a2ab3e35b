import type { Command } from 'commander';
import type { GlobalOptions } from './context.ts';
import { withMailbox } from './context.ts';
import { CliExit, EXIT } from './exit.ts';
import { nodesOnline, say, sayReply } from './output.ts';
import { list, seconds } from './parse.ts';

/** A remote command: what the words after its name mean, and what it does. */
export interface RemoteCommand {
  readonly name: string;
  readonly help: string;
  /** How the words are shown in the help, such as `<queue> [exchange]`. */
  readonly usage?: string;
  /** Turns the words into the arguments of the message. Throws InvalidArgumentError. */
  readonly parse?: (words: readonly string[]) => Record<string, unknown>;
  /** Workers obey without an answer. */
  readonly isSilent?: boolean;
}

export interface RemoteOptions {
  readonly timeout: number;
  readonly destination?: readonly string[];
  readonly json?: boolean;
}

/** The options that every remote command has, with Celery's names. */
export function addRemoteOptions(command: Command, defaultTimeout: number): Command {
  return command
    .option('-t, --timeout <seconds>', 'how long to wait for replies', seconds, defaultTimeout)
    .option('-d, --destination <nodes>', 'comma-separated node names; all when left out', list)
    .option('-j, --json', 'print JSON');
}

/** Sends the command and prints what each node answered; returns how many did. Exit 69 when none did. */
export async function runRemote(
  globals: GlobalOptions,
  command: RemoteCommand,
  words: readonly string[],
  options: RemoteOptions,
): Promise<void> {
  const parsed = command.parse?.(words) ?? {};
  const replies = await withMailbox(globals, (mailbox) =>
    mailbox.broadcast(command.name, {
      arguments: parsed,
      timeoutMs: options.timeout * 1000,
      reply: true,
      ...(options.destination && { destination: options.destination, limit: options.destination.length }),
    }),
  );
  const answers = replies.flatMap((reply) => Object.entries(reply));
  if (answers.length === 0 && command.isSilent) {
    say(options.json ? '{}' : `Sent. Workers do not answer ${command.name}.`);
    return;
  }
  if (answers.length === 0)
    throw new CliExit(EXIT.unavailable, 'Error: No nodes replied within time constraint');
  if (options.json) {
    say(JSON.stringify(Object.fromEntries(answers)));
    return;
  }
  for (const [node, reply] of answers) sayReply(node, reply, { quiet: globals.quiet === true });
  say(nodesOnline(answers.length));
}

/** Finds a command by name or says which there are. */
export function findCommand(commands: readonly RemoteCommand[], name: string, kind: string): RemoteCommand {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const names = commands.map((command) => command.name).join(', ');
  throw new CliExit(EXIT.usage, `Error: "${name}" is no ${kind} command. There are: ${names}.`);
}

/** The commands as lines of a help text. */
export function describeCommands(commands: readonly RemoteCommand[]): string {
  const width = Math.max(...commands.map(({ name, usage = '' }) => name.length + usage.length + 1));
  return commands
    .map(({ name, usage = '', help }) => `  ${`${name} ${usage}`.padEnd(width)}  ${help}`)
    .join('\n');
}
