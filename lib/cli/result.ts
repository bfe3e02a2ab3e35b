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
      await withApp(program.opts<GlobalOptions>(), async (app) => {
        refuseRpc(app.backendUrl);
        const result = app.AsyncResult(id);
        if (options.traceback) say((await result.traceback()) ?? '');
        else await show(result, options);
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

async function show(result: AsyncResult, { timeout, json }: ResultOptions): Promise<void> {
  let failure: Error | null = null;
  let value: unknown = null;
  try {
    value = await result.get(timeout === undefined ? {} : { timeout });
  } catch (error) {
    failure = toError(error);
  }
  if (failure instanceof UmbelError) throw failure;
  if (json) await showRecord(result);
  else if (failure === null) say(typeof value === 'string' ? value : JSON.stringify(value ?? null));
  if (failure !== null) throw new CliExit(EXIT.failure, json ? '' : await explain(result, failure, timeout));
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
  const why =
    status === 'PENDING'
      ? 'nothing is known of this id: it still waits in a queue, its result has expired, or it was never sent'
      : `its state is ${status}`;
  return `Error: No result after ${timeout} s: ${why}.`;
}
