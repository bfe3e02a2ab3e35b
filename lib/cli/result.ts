import { type Command, Option } from 'commander';
import type { AsyncResult } from '../app/async-result.ts';
import { toError, UmbelError } from '../contract/errors.ts';
import { READY_STATES } from '../contract/states.ts';
import { TimeoutError } from '../protocol/celery-errors.ts';
import { exceptionRepr } from '../protocol/exception.ts';
import { type GlobalOptions, withApp } from './context.ts';
import { CliExit, EXIT } from './exit.ts';
import { say } from './output.ts';
import { seconds } from './parse.ts';

interface ResultOptions {
  readonly traceback?: boolean;
  readonly timeout?: number;
  readonly json?: boolean;
}

/** A result that comes sooner comes without a word on standard error. */
const NOTE_AFTER_MS = 2000;

/** `umbel result ID`: waits for a task and prints what it returned; exit 1 when it failed. */
export function registerResult(program: Command): void {
  program
    .command('result')
    .description('Wait for a task and print its result; exit code 1 when it failed.')
    .argument('<id>', 'id of the task')
    .option('--traceback', 'print the traceback instead; does not wait')
    .option('--timeout <seconds>', 'give up after so many seconds; default: wait for ever', seconds)
    .option('-j, --json', 'print the whole record as JSON, also of a failed task')
    .addOption(new Option('-t, --task <name>', 'name of the task').hideHelp())
    .addHelpText(
      'after',
      '\nExample: umbel -A tasks result 4f02c1aa-93b2-4d0c-a6f1-2b9d40e8c371 --timeout 10',
    )
    .action(async (id: string, options: ResultOptions) => {
      const globals = program.opts<GlobalOptions>();
      await withApp(globals, async (app) => {
        refuseRpc(app.backendUrl);
        const result = app.AsyncResult(id);
        if (options.traceback) say((await result.traceback()) ?? '');
        else await show(result, options, globals.quiet === true);
      });
    });
}

/** Waiting would never end. */
function refuseRpc(backendUrl: string | null): void {
  if (!backendUrl?.startsWith('rpc:')) return;
  throw new UmbelError(
    'bad_request',
    'Results of rpc:// go to the process that sent the task, and no other can read them.\n' +
      'Keep results in a store, such as Redis or a database, to read them from here.',
  );
}

async function show(result: AsyncResult, { timeout, json }: ResultOptions, isQuiet: boolean): Promise<void> {
  let failure: Error | null = null;
  let value: unknown = null;
  try {
    value = timeout === undefined ? await waitLong(result, isQuiet) : await result.get({ timeout });
  } catch (error) {
    failure = toError(error);
  }
  if (failure instanceof UmbelError) throw failure;
  if (json) await showRecord(result);
  else if (failure === null) say(typeof value === 'string' ? value : JSON.stringify(value ?? null));
  if (failure !== null) throw new CliExit(EXIT.failure, json ? '' : await explain(result, failure, timeout));
}

/** After a while it says on standard error what it waits for: the id may be wrong, and the wait is for ever. */
async function waitLong(result: AsyncResult, isQuiet: boolean): Promise<unknown> {
  const timer = isQuiet ? undefined : setTimeout(() => void tellWait(result), NOTE_AFTER_MS);
  try {
    return await result.get();
  } finally {
    clearTimeout(timer);
  }
}

async function tellWait(result: AsyncResult): Promise<void> {
  // A store that is away is told of by the wait itself.
  const status = await result.status().catch(() => null);
  if (status === null || READY_STATES.has(status)) return;
  process.stderr.write(`Waiting for ${result.id}: ${whyNotReady(status)}. Ctrl-C gives up.\n`);
}

async function showRecord(result: AsyncResult): Promise<void> {
  const meta = await result.meta();
  say(
    JSON.stringify({
      task_id: result.id,
      status: meta?.status ?? 'PENDING',
      result: meta?.result ?? null,
      traceback: meta?.traceback ?? null,
      children: meta?.children ?? [],
      date_done: meta?.dateDone ?? null,
    }),
  );
}

async function explain(result: AsyncResult, failure: Error, timeout = 0): Promise<string> {
  const status = failure instanceof TimeoutError ? await result.status() : 'FAILURE';
  if (READY_STATES.has(status)) return `Error: ${exceptionRepr(failure)}`;
  return `Error: No result after ${timeout} s: ${whyNotReady(status)}.`;
}

function whyNotReady(status: string): string {
  if (status !== 'PENDING') return `its state is ${status}`;
  return 'nothing is known of this id (it still waits in a queue, its result has expired, or it was never sent)';
}
