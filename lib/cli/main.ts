#!/usr/bin/env node
import { crash } from '../util/crash.ts';
import { withEnvironment } from './environment.ts';
import { EXIT, explain } from './exit.ts';
import { readRequest } from './grammar.ts';
import { createProgram } from './program.ts';

/** They go on without a reader, because others depend on them. */
const SERVICES = new Set(['worker', 'flower', 'dev']);

// When nobody reads our output any more (a closed terminal, `| head`), it is dropped. Without a listener the error would
// end a worker, or come back from the log of the error itself, for ever.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

// A worker has listeners of its own and lives on.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (thrown: unknown) => {
    if (process.listenerCount(event) === 1) crash(thrown);
  });
}

async function main(argv: readonly string[]): Promise<void> {
  if (argv[0] === 'completion' && argv[1] === 'words') {
    const { sayCompletions } = await import('./complete.ts');
    await sayCompletions(argv);
    return;
  }
  const request = readRequest(argv);
  // The reader of a pipe may leave early, as `head` does: that is no failure of ours.
  if (!SERVICES.has(request.command ?? '')) process.stdout.on('error', () => process.exit(EXIT.ok));
  const program = await createProgram(request);
  await program.parseAsync(withEnvironment(program, argv, request.at), { from: 'user' });
}

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  const { text, exitCode } = explain(thrown);
  // What a module opened before it threw is closed by nobody, and would keep the process for ever.
  process.stderr.write(text && `${text}\n`, () => process.exit(exitCode));
}
