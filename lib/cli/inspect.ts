import type { Command } from 'commander';
import { several, wholeNumber } from './parse.ts';
import { type RemoteCommand, registerRemote } from './remote.ts';

/** Every command of `umbel inspect`, with the words it takes (celery/worker/control.py). */
export const INSPECT_COMMANDS: readonly RemoteCommand[] = [
  { name: 'active', help: 'tasks that run now', parse: () => ({ safe: null }) },
  { name: 'active_queues', help: 'queues the workers consume' },
  { name: 'clock', help: 'logical clock' },
  {
    name: 'conf',
    usage: '[with_defaults]',
    help: 'settings, secrets masked; with_defaults: also unchanged ones',
    parse: (words) => ({ with_defaults: words.length > 0 && !/^(false|no|off|0)$/i.test(words[0] ?? '') }),
  },
  {
    name: 'memdump',
    usage: '[samples]',
    help: 'memory since memsample began',
    parse: (words) => ({ samples: wholeNumber(words[0] ?? '10') }),
  },
  { name: 'memsample', help: 'memory in use now' },
  {
    name: 'objgraph',
    usage: '[type] [num] [max_depth]',
    help: 'Python workers: graph of objects in memory',
    parse: ([type = 'Request', num = '200', depth = '10']) => ({
      type,
      num: wholeNumber(num),
      max_depth: wholeNumber(depth),
    }),
  },
  { name: 'ping', help: 'who is there' },
  {
    name: 'query_task',
    usage: '<id> [id …]',
    help: 'where tasks are: active, reserved or ready',
    parse: (words) => ({ ids: several(words, 'the id of the task') }),
  },
  {
    name: 'registered',
    usage: '[attribute …]',
    help: 'task names, with attributes such as rate_limit',
    parse: (words) => ({ taskinfoitems: words }),
  },
  { name: 'report', help: 'versions and platform' },
  { name: 'reserved', help: 'tasks taken but not started' },
  { name: 'revoked', help: 'revoked task ids' },
  { name: 'scheduled', help: 'tasks waiting for their ETA' },
  { name: 'stats', help: 'counters, pool, broker, resource use' },
];

/** `umbel inspect COMMAND`: asks workers and changes nothing. */
export function registerInspect(program: Command): void {
  registerRemote(program, {
    name: 'inspect',
    description: 'Ask the workers.',
    example: 'Example: umbel -A tasks inspect active',
    commands: INSPECT_COMMANDS,
    showsReplies: true,
    countsNodes: true,
  });
}
