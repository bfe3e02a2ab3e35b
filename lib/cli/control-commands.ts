import { InvalidArgumentError } from 'commander';
import { count, required, seconds, several, wholeNumber } from './parse.ts';
import type { RemoteCall, RemoteCommand } from './remote.ts';

/** What `umbel control` has beside the words of its commands. */
export interface ControlOptions {
  readonly queues?: readonly string[];
  readonly concurrency?: number;
  readonly terminate?: boolean;
  readonly signal?: string;
}

type Words = readonly string[];

/** Every command of `umbel control`, with the words it takes (celery/worker/control.py). */
export const CONTROL_COMMANDS: readonly RemoteCommand<ControlOptions>[] = [
  {
    name: 'add_consumer',
    usage: '<queue> [exchange] [type] [key]',
    help: 'start consuming a queue, or -Q several',
    calls: addConsumers,
  },
  {
    name: 'autoscale',
    usage: '<max> <min>',
    help: 'bounds of a pool that grows and shrinks with the work',
    parse: autoscale,
  },
  {
    name: 'cancel_consumer',
    usage: '<queue>',
    help: 'stop consuming a queue, or -Q several',
    calls: (words, options) =>
      queuesOf(words, options).map((queue) => ({ method: 'cancel_consumer', arguments: { queue } })),
  },
  {
    name: 'concurrency',
    usage: '<n>',
    help: 'set how many tasks run at once',
    calls: (words) => [concurrency(count(required(words, 0, 'how many tasks run at once')))],
  },
  { name: 'disable_events', help: 'stop sending task events' },
  { name: 'enable_events', help: 'send task events' },
  { name: 'heartbeat', help: 'send a heartbeat event now' },
  { name: 'pool_grow', usage: '[n]', help: 'so many more tasks at once (1)', parse: size },
  { name: 'pool_restart', help: 'replace the processes of the pool: they load the code again' },
  { name: 'pool_shrink', usage: '[n]', help: 'so many fewer tasks at once (1)', parse: size },
  {
    name: 'rate_limit',
    usage: '<task> <rate>',
    help: 'limit a task to e.g. 10/m; 0 lifts it',
    parse: (words) => ({
      task_name: required(words, 0, 'the name of the task'),
      rate_limit: required(words, 1, 'the rate, such as 10/m'),
    }),
  },
  {
    name: 'revoke',
    usage: '<id> [id …]',
    help: 'do not start these tasks; --terminate: end them too',
    parse: (words, { terminate = false, signal = 'SIGTERM' }) => ({
      task_id: several(words, 'the id of the task'),
      terminate,
      signal,
    }),
  },
  {
    name: 'revoke_by_stamped_headers',
    usage: '<header>=<value> …',
    help: 'the same for tasks with such stamps',
    parse: (words, { terminate = false, signal = 'SIGTERM' }) => ({
      headers: stamps(several(words, 'a stamp, such as customer=7')),
      terminate,
      signal,
    }),
  },
  {
    name: 'shutdown',
    help: 'stop the workers when their running tasks are done; nobody replies',
    isSilent: true,
  },
  {
    name: 'terminate',
    usage: '<signal> <id> [id …]',
    help: 'end running tasks',
    parse: (words) => ({
      signal: required(words, 0, 'the signal, such as SIGTERM'),
      task_id: several(words.slice(1), 'the id of the task'),
    }),
  },
  {
    name: 'time_limit',
    usage: '<task> <soft> [hard]',
    help: 'time limits of a task in seconds; 0 lifts one',
    parse: (words) => ({
      task_name: required(words, 0, 'the name of the task'),
      soft: seconds(required(words, 1, 'the soft limit in seconds')),
      hard: words[2] === undefined ? null : seconds(words[2]),
    }),
  },
];

function size(words: Words): Record<string, unknown> {
  return { n: count(words[0] ?? '1') };
}

function autoscale(words: Words): Record<string, unknown> {
  const max = wholeNumber(required(words, 0, 'the most tasks at once'));
  const min = wholeNumber(words[1] ?? '0');
  if (min > max) throw new InvalidArgumentError(`First the most, then the fewest: autoscale ${min} ${max}.`);
  return { max, min };
}

/** `-Q` names several queues, a word one. */
function queuesOf(words: Words, { queues }: ControlOptions): Words {
  return queues ?? [required(words, 0, 'the name of the queue')];
}

/** With `-c` the workers also get that size, so that what they take now is worked on. */
function addConsumers(words: Words, options: ControlOptions): RemoteCall[] {
  const [exchange, exchangeType, routingKey] = options.queues ? words : words.slice(1);
  const calls: RemoteCall[] = queuesOf(words, options).map((queue) => ({
    method: 'add_consumer',
    arguments: {
      queue,
      exchange: exchange ?? null,
      exchange_type: exchangeType ?? null,
      routing_key: routingKey ?? null,
    },
  }));
  return options.concurrency === undefined ? calls : [...calls, concurrency(options.concurrency)];
}

function concurrency(n: number): RemoteCall {
  return {
    method: 'concurrency',
    arguments: { n },
    unknown: "Python's workers do not know concurrency: use pool_grow or pool_shrink.",
  };
}

/** `customer=7` and `customer=8` are one header with two values. */
function stamps(words: Words): Record<string, string[]> {
  const headers: Record<string, string[]> = Object.create(null);
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1) throw new InvalidArgumentError(`"${word}" is no stamp: write header=value.`);
    const name = word.slice(0, at);
    headers[name] = [...(headers[name] ?? []), word.slice(at + 1)];
  }
  return headers;
}
