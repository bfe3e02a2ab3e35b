import type { Command } from 'commander';
import type { Celery } from '../app/celery.ts';
import { EventReceiver } from '../events/receiver.ts';
import type { CeleryEvent } from '../protocol/event.ts';
import { maskData } from '../util/mask.ts';
import { type GlobalOptions, withApp } from './context.ts';
import { EventDump } from './event-dump.ts';
import { say } from './output.ts';
import { runTop } from './top/top.ts';
import { untilEndSignal } from './until-signal.ts';

interface EventsOptions {
  readonly dump?: boolean;
  readonly json?: boolean;
}

/** `umbel events`: a live screen of workers and tasks, or with `--dump` a line for every event. */
export function registerEvents(program: Command): void {
  program
    .command('events')
    .description(
      'A live screen of workers and tasks; select one to see or revoke it. Workers send events when started with -E, or ' +
        'told by: umbel control enable_events.',
    )
    .option('-d, --dump', 'print a line for every event; so does output that is no terminal')
    .option('-j, --json', 'the same as JSON, a line each')
    .addHelpText('after', '\nExamples:\n  umbel -A tasks events\n  umbel -A tasks events --dump')
    .action(async ({ dump, json }: EventsOptions) => {
      const globals = program.opts<GlobalOptions>();
      const isScreen = !dump && !json && process.stdout.isTTY && process.stdin.isTTY;
      await withApp(globals, (app) => (isScreen ? runTop(app) : dumpEvents(app, json === true)));
    });
}

async function dumpEvents(app: Celery, asJson: boolean): Promise<void> {
  const dump = new EventDump();
  const line = (event: CeleryEvent): string => (asJson ? JSON.stringify(maskData(event)) : dump.line(event));
  const receiver = new EventReceiver({
    transport: await app.transport(),
    exchange: app.conf.event_exchange,
    onEvents: (events) => {
      for (const event of events) say(line(event));
    },
  });
  const end = untilEndSignal();
  await receiver.start();
  if (!asJson) say('-> evdump: starting capture...');
  await app.control.heartbeat();
  await end;
  await receiver.stop();
}
