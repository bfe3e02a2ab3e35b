import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type REPLServer, start } from 'node:repl';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { Celery } from '../app/celery.ts';
import { makeCallable } from '../app/function-task.ts';
import type { Task } from '../app/task.ts';
import { makeFolder } from '../util/make-folder.ts';
import { VERSION } from '../util/version.ts';
import { type GlobalOptions, orUsage, withApp } from './context.ts';
import { say } from './output.ts';
import { stateFolder } from './state-folder.ts';

/** `umbel shell`: JavaScript line by line, with the app and its tasks at hand (celery/bin/shell.py). */
export function registerShell(program: Command): void {
  program
    .command('shell')
    .description(
      'Type JavaScript with the app, its tasks and the canvas in scope; `await` works at the prompt. The history is kept.',
    )
    .option('-T, --without-tasks', 'do not put the tasks into scope')
    .addHelpText('after', '\nExample: umbel -A tasks shell\n  > await (await add_numbers.delay(10, 5)).get()')
    .action(async ({ withoutTasks }: { withoutTasks?: boolean }) => {
      const globals = program.opts<GlobalOptions>();
      await withApp(globals, (app) => runShell(app, withoutTasks !== true, globals.quiet === true));
    });
}

async function runShell(app: Celery, hasTasks: boolean, isQuiet: boolean): Promise<void> {
  const [library, { importModules }] = await Promise.all([
    import('../index.ts'),
    import('../worker/load-app.ts'),
  ]);
  await orUsage(() => importModules(app));
  const { Celery, Task, AsyncResult, chain, chord, group } = library;
  const scope = { app, celery: app, Celery, Task, AsyncResult, chain, chord, group };
  const tasks = hasTasks ? namedTasks([...app.tasks], scope) : {};
  const isTerminal = process.stdin.isTTY;
  if (isTerminal && !isQuiet) say(greeting(Object.keys(scope), Object.keys(tasks)));
  const repl = isTerminal
    ? start({ prompt: 'umbel> ', terminal: true, ignoreUndefined: true })
    : startOnPipe();
  Object.assign(repl.context, scope, tasks);
  if (isTerminal) await keepHistory(repl);
  await new Promise((resolve) => repl.once('exit', resolve));
}

/**
 * Node's REPL takes the next line of a pipe while an `await` of the one before still runs; here it comes only then.
 * The REPL resumes by itself when it would show its prompt again.
 */
function startOnPipe(): REPLServer {
  const repl = start({
    prompt: '',
    input: Readable.from(linesOf(process.stdin)),
    output: process.stdout,
    terminal: false,
    ignoreUndefined: true,
  });
  const evaluate = repl.eval;
  const paused: typeof evaluate = (...given) => {
    repl.pause();
    evaluate.apply(repl, given);
  };
  return Object.assign(repl, { eval: paused });
}

async function* linesOf(input: Readable): AsyncGenerator<string> {
  for await (const line of createInterface({ input })) yield `${line}\n`;
}

/** Tasks by the last part of their names, where that is a name of JavaScript and nothing else has it. */
function namedTasks(tasks: readonly Task[], taken: object): Record<string, Task> {
  const named: Record<string, Task> = Object.create(null);
  for (const task of tasks) {
    const name = task.name.split('.').at(-1) ?? '';
    const isOwn = !task.name.startsWith('celery.') && !Object.hasOwn(taken, name);
    if (isOwn && /^[A-Za-z_$][\w$]*$/.test(name)) named[name] ??= makeCallable(task);
  }
  return named;
}

function greeting(scope: readonly string[], tasks: readonly string[]): string {
  const lines = [`Umbel ${VERSION} on Node ${process.versions.node}. In scope: ${scope.join(', ')}.`];
  if (tasks.length > 0) lines.push(`Tasks: ${tasks.join(', ')}.`);
  return [...lines, 'Ctrl-D ends.'].join('\n');
}

/** A history that cannot be written is no reason to stop. */
function keepHistory(repl: REPLServer): Promise<void> {
  const folder = stateFolder();
  try {
    makeFolder(folder, 0o700);
  } catch {
    return Promise.resolve(); // a home that is read-only or not there
  }
  return new Promise((resolve) => repl.setupHistory(join(folder, 'shell-history'), () => resolve()));
}
