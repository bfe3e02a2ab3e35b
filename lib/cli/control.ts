import type { Command } from 'commander';
import { CONTROL_COMMANDS } from './control-commands.ts';
import { count, list } from './parse.ts';
import { registerRemote } from './remote.ts';

/** `umbel control COMMAND`: changes running workers. */
export function registerControl(program: Command): void {
  registerRemote(program, {
    name: 'control',
    description: 'Change running workers.',
    example: `Examples:
  umbel -A tasks control concurrency 8                    eight tasks at once, on every worker
  umbel -A tasks control add_consumer reports -d w1@host  one worker takes from "reports" too
  umbel -A tasks control add_consumer -Q celery -c 8      take from "celery", eight at once
  umbel -A tasks control rate_limit tasks.add 10/m        ten a minute on each worker`,
    commands: CONTROL_COMMANDS,
    showsReplies: true,
    countsNodes: false,
    options: (command) =>
      command
        .option('-Q, --queues <names>', 'add_consumer, cancel_consumer: the queues, with commas', list)
        .option('-c, --concurrency <n>', 'add_consumer: also set how many tasks run at once', count)
        .option('--terminate', 'revoke: also end the task when it runs already')
        .option('-s, --signal <name>', 'revoke --terminate: signal to end it with (SIGTERM)'),
  });
}
