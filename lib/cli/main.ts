#!/usr/bin/env node
import { withEnvironment } from './environment.ts';
import { EXIT, explain } from './exit.ts';
import { readRequest } from './grammar.ts';
import { createProgram } from './program.ts';

// The reader of a pipe may leave early, as `head` does: that is no failure of ours.
process.stdout.on('error', () => process.exit(EXIT.ok));

// When nobody reads our output any more (a closed terminal, `| head`), it is dropped. Without a listener the error would
// end a worker, or come back from the log of the error itself, for ever.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  const argv = process.argv.slice(2);
  const request = readRequest(argv);
  const program = await createProgram(request);
  await program.parseAsync(withEnvironment(program, argv, request.at), { from: 'user' });
} catch (thrown) {
  const { text, exitCode } = explain(thrown);
  if (text) process.stderr.write(`${text}\n`);
  process.exitCode = exitCode;
}
