import { CommanderError, InvalidArgumentError } from 'commander';
import { toError, UmbelError } from '../contract/errors.ts';
import { maskText } from '../util/mask.ts';

/** Exit codes of Celery's command line (celery/platforms.py, sysexits.h). */
export const EXIT = { ok: 0, failure: 1, usage: 2, unavailable: 69, cantCreate: 73 } as const;

/** Ends the command with a code; `message` goes to standard error as it is. */
export class CliExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message = '') {
    super(message);
    this.name = 'CliExit';
    this.exitCode = exitCode;
  }
}

export interface Explanation {
  readonly text: string;
  readonly exitCode: number;
}

/** What to say about a failure, never with a stack trace or a secret, and the code to end with. */
export function explain(thrown: unknown): Explanation {
  const { text, exitCode } = describe(thrown);
  return { text: maskText(text), exitCode };
}

function describe(thrown: unknown): Explanation {
  if (thrown instanceof CliExit) return { text: thrown.message, exitCode: thrown.exitCode };
  // Thrown by a command itself: what the parser throws it has printed already.
  if (thrown instanceof InvalidArgumentError) {
    return { text: `Error: ${thrown.message}`, exitCode: EXIT.usage };
  }
  if (thrown instanceof CommanderError) {
    return { text: '', exitCode: thrown.exitCode === 0 ? EXIT.ok : EXIT.usage };
  }
  const error = toError(thrown);
  const stack = process.env['UMBEL_DEBUG'] && !(error instanceof UmbelError) ? `\n${error.stack ?? ''}` : '';
  return { text: `Error: ${error.message}${stack}`, exitCode: EXIT.failure };
}
