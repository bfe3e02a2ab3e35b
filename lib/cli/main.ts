#!/usr/bin/env node
import { CommanderError, InvalidArgumentError } from 'commander';
import { toError, UmbelError } from '../contract/errors.ts';
import { CliExit, EXIT } from './exit.ts';
import { readRequest } from './grammar.ts';
import { createProgram } from './program.ts';

/** Says what went wrong in a line or two, never with a stack trace, and returns the exit code. */
function report(thrown: unknown): number {
  if (thrown instanceof InvalidArgumentError) {
    // Thrown by a command itself: what the parser throws it has printed already.
    process.stderr.write(`Error: ${thrown.message}\n`);
    return EXIT.usage;
  }
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (thrown instanceof CliExit) {
    if (thrown.message) process.stderr.write(`${thrown.message}\n`);
    return thrown.exitCode;
  }
  const error = toError(thrown);
  process.stderr.write(`Error: ${error.message}\n`);
  if (!(error instanceof UmbelError) && process.env['UMBEL_DEBUG'])
    process.stderr.write(`${error.stack ?? ''}\n`);
  return EXIT.failure;
}

// The reader of a pipe may leave early, as `head` does: that is no failure of ours.
process.stdout.on('error', () => process.exit(EXIT.ok));

// When nobody reads our output any more (a closed terminal, `| head`), it is dropped. Without a listener the error would
// end a worker, or come back from the log of the error itself, for ever.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  const request = readRequest(process.argv.slice(2));
  const program = await createProgram(request);
  await program.parseAsync();
} catch (thrown) {
  process.exitCode = report(thrown);
}
