import type { Command } from 'commander';
import { EventReceiver } from '../events/receiver.ts';
import type { CeleryEvent } from '../protocol/event.ts';
import { pythonRepr } from '../protocol/repr.ts';
import { type GlobalOptions, withApp } from './context.ts';
import { say } from './output.ts';

const COMMON = new Set(['type', 'timestamp', 'hostname', 'utcoffset', 'pid', 'clock', 'uuid', 'name']);

/** One event as a line, in the form of `celery events --dump` (celery/events/dumper.py). */
export function dumpLine(event: CeleryEvent): string {
  const time = new Date(event.timestamp * 1000).toISOString().replace('T', ' ').replace('Z', '');
  const fields = Object.entries(event)
    .filter(([key, value]) => !COMMON.has(key) && value !== null)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : pythonRepr(value)}`);
  const uuid = event['uuid'];
  const name = event['name'];
  const subject = typeof uuid === 'string' ? ` ${typeof name === 'string' ? name : ''}(${uuid})` : '';
  return `${event.hostname} [${time}]${subject} ${event.type.replace(/^(task|worker)-/, '$1 ')} ${fields.join(', ')}`.trimEnd();
}

/** `umbel events --dump`: prints every event until Ctrl-C. */
export function registerEvents(program: Command): void {
  program
    .command('events')
    .description('Print events of workers and tasks as they happen.')
    .option('-d, --dump', 'one line an event (the default)')
    .addHelpText('after', '\nExample: umbel -A tasks events --dump')
    .action(async () => {
      await withApp(program.opts<GlobalOptions>(), async (app) => {
        const receiver = new EventReceiver({
          transport: await app.transport(),
          onEvents: (events) => {
            for (const event of events) say(dumpLine(event));
          },
        });
        await receiver.start();
        say('-> evdump: starting capture...');
        await app.control.heartbeat();
        await new Promise<void>((resolve) => {
          process.once('SIGINT', resolve);
          process.once('SIGTERM', resolve);
        });
        await receiver.stop();
      });
    });
}
