import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Celery } from '../app/celery.ts';
import { type GlobalOptions, withApp } from './context.ts';
import { say } from './output.ts';
import { list, pause, seconds } from './parse.ts';
import { table } from './table.ts';
import { onEndSignal } from './until-signal.ts';

interface QueuesOptions {
  readonly queues?: readonly string[];
  readonly watch?: number | true;
  readonly timeout: number;
  readonly json?: boolean;
}

/** What is known of a queue; `unacked` is null where the broker cannot tell it by queue. */
interface QueueState {
  readonly ready: number;
  readonly unacked: number | null;
  /** Of very many it is drawn from a part. */
  readonly isEstimate: boolean;
  readonly consumers: readonly string[];
}

const WATCH_SECONDS = 2;

/** `umbel queues`: how much waits where, and who works on it. */
export function registerQueues(program: Command): void {
  program
    .command('queues')
    .description(
      'Show each queue: messages ready to be taken, messages taken but not yet acked (where the broker tells), and the ' +
        'workers that consume it.',
    )
    .option('-Q, --queues <names>', 'only these, with commas; default: all that the broker knows', list)
    .option('-w, --watch [seconds]', `again every so many seconds (${WATCH_SECONDS}), until Ctrl-C`, pause)
    .option('-t, --timeout <seconds>', 'how long to wait for the workers', seconds, 1)
    .option('-j, --json', 'print JSON; with --watch a line each time')
    .addHelpText('after', '\nExample: umbel -A tasks queues --watch')
    .action(async (options: QueuesOptions) => {
      await withApp(program.opts<GlobalOptions>(), async (app) => {
        if (options.watch === undefined) {
          show(await look(app, options), options);
          return;
        }
        await watch(app, options);
      });
    });
}

async function watch(app: Celery, options: QueuesOptions): Promise<void> {
  const end = new AbortController();
  const stopListening = onEndSignal(() => end.abort());
  const pauseMs = (typeof options.watch === 'number' ? options.watch : WATCH_SECONDS) * 1000;
  while (!end.signal.aborted) {
    show(await look(app, options), options);
    // Cut short by the end signal, which the loop sees.
    await sleep(pauseMs, undefined, { signal: end.signal }).catch(() => {});
  }
  stopListening();
}

async function look(app: Celery, { queues, timeout }: QueuesOptions): Promise<Map<string, QueueState>> {
  const transport = await app.transport();
  const [known, workers] = await Promise.all([
    queues ?? transport.listQueues(),
    app.control.inspect({ timeout }).activeQueues(),
  ]);
  const consumers = new Map<string, string[]>();
  for (const [worker, taken] of Object.entries(workers)) {
    for (const { name } of Array.isArray(taken) ? taken : []) {
      consumers.set(name, [...(consumers.get(name) ?? []), worker]);
    }
  }
  const names = queues ?? [...new Set([...known, ...app.queueNames(), ...consumers.keys()])].sort();
  const samples = await transport.sampleQueues(names);
  return new Map(
    samples.map(({ name, messages, unacked, isEstimate = false }) => [
      name,
      { ready: messages, unacked, isEstimate, consumers: consumers.get(name) ?? [] },
    ]),
  );
}

function show(queues: ReadonlyMap<string, QueueState>, { json, watch: again }: QueuesOptions): void {
  if (json) {
    say(JSON.stringify(Object.fromEntries(queues)));
    return;
  }
  const rows = [...queues].map(([name, { ready, unacked, isEstimate, consumers }]) => [
    name,
    ready,
    unacked === null ? '-' : `${isEstimate ? '~' : ''}${unacked}`,
    consumers.length,
    consumers.length > 0 ? consumers.join(', ') : ready > 0 ? 'nobody takes from it' : '',
  ]);
  if (again !== undefined) say(new Date().toLocaleTimeString());
  say(table(['Queue', 'Ready', 'Unacked', 'Consumers', ''], rows));
  if (again !== undefined) say('');
}
