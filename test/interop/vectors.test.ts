import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, test } from 'vitest';
import { defaultConfig } from '../../lib/app/config.ts';
import { Router } from '../../lib/app/router.ts';
import { CONTROL_COMMANDS } from '../../lib/cli/control-commands.ts';
import { EventDump } from '../../lib/cli/event-dump.ts';
import { INSPECT_COMMANDS } from '../../lib/cli/inspect.ts';
import { Reject } from '../../lib/index.ts';
import {
  MaxRetriesExceededError,
  NotRegistered,
  TimeLimitExceeded,
} from '../../lib/protocol/celery-errors.ts';
import type { CeleryEvent } from '../../lib/protocol/event.ts';
import { decodeException, encodeException, exceptionRepr } from '../../lib/protocol/exception.ts';
import { reprArgs } from '../../lib/protocol/repr.ts';
import { LimitedSet } from '../../lib/worker/revoked.ts';
import { ROOT } from '../kit/process.ts';
import { PYTHON } from '../kit/python.ts';
import { golden } from '../wire/golden.ts';

/* What Python's own objects decide, asked live, and what ours do. */

type Settings = Readonly<Record<string, unknown>>;

interface RouteCase {
  readonly task: string;
  readonly settings: Settings;
  readonly options: Readonly<Record<string, unknown>>;
}

interface Answers {
  readonly versions: readonly string[];
  readonly routes: readonly ([string, string | null, number | null] | string | null)[];
  readonly reprs: readonly { readonly args: unknown[]; readonly repr: string }[];
  readonly exceptions: readonly { readonly record: unknown; readonly repr: string; readonly type: string }[];
  readonly read: readonly { readonly type: string; readonly args: unknown[] }[];
  readonly limitedSet: readonly string[][];
  readonly dumped: readonly string[];
  readonly commands: readonly object[];
}

const SETTINGS: readonly Settings[] = [
  {},
  { task_default_queue: 'main' },
  { task_default_queue: 'main', task_default_exchange: 'mex', task_default_routing_key: 'mkey' },
  { task_default_exchange_type: 'topic', task_default_exchange: 'tex', task_default_routing_key: 'task.any' },
  { task_queues: [{ name: 'celery' }, { name: 'feeds', exchange: 'feeds', routingKey: 'feed.key' }] },
  {
    task_queues: [
      { name: 'celery' },
      { name: 'feeds', exchange: 'tex', exchangeType: 'topic', routingKey: 'feed.import' },
    ],
    task_default_exchange: 'dex',
  },
  { task_queues: { celery: {}, feeds: { exchange: 'fex', exchange_type: 'topic', binding_key: 'b.#' } } },
  {
    task_queues: { celery: {}, feeds: { exchange: 'fex', routing_key: 'r' } },
    task_create_missing_queues: false,
  },
  { task_routes: { 'feed.tasks.*': 'globbed', 'feed.tasks.import': { queue: 'feeds', priority: 4 } } },
  { task_routes: { 'feed.?asks.import': 'never', 'feed.[st]*': { queue: 'feeds', routing_key: 'own' } } },
  {
    task_routes: [
      [{ re: 'feed\\.(tasks|jobs)' }, { queue: 'feeds' }],
      ['*', 'rest'],
    ],
  },
  { task_routes: [{ other: 'x' }, { 'feed.*': { exchange: 'ex', routing_key: 'rk' } }] },
];

const OPTIONS: readonly Readonly<Record<string, unknown>>[] = [
  {},
  { queue: 'feeds' },
  { queue: 'missing' },
  { exchange: 'ex', routing_key: 'rk' },
  { routing_key: 'rk' },
  { exchange: 'ex' },
  { queue: 'feeds', routing_key: 'rk' },
];

const CASES: readonly RouteCase[] = SETTINGS.flatMap((settings) =>
  OPTIONS.map((options) => ({ task: 'feed.tasks.import', settings, options })),
);

const ERRORS: readonly Error[] = [
  new Error('plain'),
  new TypeError('no number'),
  new RangeError('out'),
  new SyntaxError('bad'),
  new MaxRetriesExceededError('too often'),
  new NotRegistered('tasks.x'),
  new TimeLimitExceeded(3),
  new Reject('no', true),
  Object.assign(new Error('own'), { name: 'PaymentRefused' }),
];

const STEPS: (['add', string, number] | ['purge', number])[] = [
  ['add', 'a', 100],
  ['add', 'b', 101],
  ['add', 'c', 102],
  ['purge', 103],
  ['add', 'a', 104],
  ['add', 'd', 105],
  ['purge', 106],
  ['purge', 111.5],
  ['add', 'e', 112],
  ['purge', 114.5],
  ['purge', 130],
];
const [MAX, EXPIRES] = [3, 10];

const EVENTS = golden<{ body: CeleryEvent | CeleryEvent[] }[]>('events').flatMap(({ body }) => body);

/** As typed behind `inspect` and `control`. */
const COMMANDS: readonly (readonly [name: string, words: readonly string[]])[] = [
  ['ping', []],
  ['conf', ['true']],
  ['conf', ['no']],
  ['query_task', ['a', 'b']],
  ['registered', ['rate_limit', 'max_retries']],
  ['memdump', ['5']],
  ['objgraph', ['Task', '50', '5']],
  ['revoke', ['a', 'b']],
  ['terminate', ['KILL', 'a', 'b']],
  ['rate_limit', ['shop.pay', '10/m']],
  ['time_limit', ['shop.pay', '30', '60.5']],
  ['time_limit', ['shop.pay', '30']],
  ['pool_grow', ['3']],
  ['pool_shrink', ['3']],
  ['autoscale', ['9', '2']],
  ['add_consumer', ['mail', 'post', 'topic', 'mail.#']],
  ['add_consumer', ['mail']],
  ['cancel_consumer', ['mail']],
];

/** What handlers of Celery take where nothing is said; its `revoke` sends no signal without `terminate`. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  terminate: false,
  signal: 'SIGTERM',
  hard: null,
  exchange: null,
  exchange_type: null,
  routing_key: null,
};

let answers: Answers;

beforeAll(() => {
  const asked = {
    routes: CASES,
    seed: 20_261_121,
    exceptions: ERRORS.map((error) => encodeException(error, 'tasks')),
    events: EVENTS,
    commands: COMMANDS,
    limitedSet: { steps: STEPS, maxlen: MAX, expires: EXPIRES },
  };
  const { stdout, stderr, status } = spawnSync(PYTHON, [`${ROOT}test/interop/vectors_py.py`], {
    input: JSON.stringify(asked),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONWARNINGS: 'ignore' },
  });
  if (status !== 0) throw new Error(stderr);
  answers = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Answers;
}, 60_000);

/** Regular expressions travel as `{ re: source }`. */
function withPatterns(settings: Settings): Settings {
  const { task_routes: routes } = settings;
  if (!Array.isArray(routes)) return settings;
  const task_routes = routes.map((route: unknown) =>
    Array.isArray(route) && typeof route[0] === 'object' ? [new RegExp(route[0].re), route[1]] : route,
  );
  return { ...settings, task_routes };
}

test.each(CASES.map((routed, index) => [index, routed] as const))(
  'route %i is what Python finds',
  (index, { task, settings, options }) => {
    const router = new Router(Object.assign(defaultConfig({}), withPatterns(settings)));
    const { routing_key: routingKey, ...rest } = options;
    const own = { ...rest, ...(routingKey !== undefined && { routingKey: String(routingKey) }) };
    const ours = (): unknown => {
      const { destination, priority } = router.route(task, [], {}, own);
      return [destination.exchange, destination.routingKey, priority];
    };
    const python = answers.routes[index];
    if (python === 'QueueNotFound' || python === 'KeyError') expect(ours).toThrow(/no queue "/);
    // Without a key kombu sends none, which is the empty one.
    else
      expect({ settings, options, found: ours() }).toEqual({
        settings,
        options,
        found: Array.isArray(python) ? [python[0], python[1] ?? '', python[2]] : python,
      });
  },
);

test('150 random arguments are written as Python writes them', () => {
  expect(answers.reprs).toHaveLength(150);
  for (const { args, repr } of answers.reprs) expect(reprArgs(args)).toBe(repr);
});

describe('errors', () => {
  test("Python's records are read, and shown as Python shows them", () => {
    for (const { record, repr, type } of answers.exceptions) {
      const error = decodeException(record);
      expect(error.name).toBe(type);
      // Its class shows these in words of its own.
      if (!/^(SoftTimeLimit|TimeLimit|Reject|Unicode|FileNotFound|NotRegistered)/.test(type))
        expect(exceptionRepr(error)).toBe(repr);
    }
  });

  test('Python makes exceptions of ours', () => {
    expect(answers.read.map(({ type, args }) => [type, ...args])).toEqual([
      ['Exception', 'plain'],
      ['TypeError', 'no number'],
      ['ValueError', 'out'],
      ['ValueError', 'bad'],
      ['MaxRetriesExceededError', 'too often'],
      ['NotRegistered', 'tasks.x'],
      ['TimeLimitExceeded', 3],
      ['Reject', 'no', true],
      ['PaymentRefused', 'own'],
    ]);
  });
});

test.each(COMMANDS.map(([name, words], index) => [[name, ...words].join(' '), index] as const))(
  '%s is the message that Python makes of it',
  (_words, index) => {
    const [name = '', words = []] = COMMANDS[index] ?? [];
    const parts = [...INSPECT_COMMANDS, ...CONTROL_COMMANDS].find((command) => command.name === name);
    const [call, ...more] = parts?.calls?.(words, {}) ?? [
      { method: name, arguments: parts?.parse?.(words, {}) ?? {} },
    ];
    expect(more).toEqual([]);
    expect(call?.method).toBe(name);
    // Ours says also what it leaves at its default.
    expect(call?.arguments).toMatchObject(Object(answers.commands[index]));
    for (const [key, value] of Object.entries(call?.arguments ?? {})) {
      if (!(key in Object(answers.commands[index]))) expect([key, value]).toEqual([key, DEFAULTS[key]]);
    }
  },
);

test('events are dumped as Python dumps them, each on one line', () => {
  const dump = new EventDump();
  const lines = EVENTS.map((event) => dump.line(event));
  // Celery 5.2 leaves the offset out.
  const withOffset = (text: string): string => text.replace(/(\.\d{6})\]/, '$1+00:00]');
  expect(lines).toEqual(answers.dumped.map((text) => withOffset(text.trimEnd().replaceAll('\n', ' '))));
  expect(new Set(EVENTS.map(({ type }) => type)).size).toBeGreaterThan(8);
});

test('the set of revoked ids forgets as Python forgets', () => {
  let now = 0;
  const kept = new LimitedSet({ max: MAX, expiresSeconds: EXPIRES, now: () => now });
  for (const [index, step] of STEPS.entries()) {
    now = Number(step.at(-1));
    if (step[0] === 'add') kept.add(step[1], now);
    // Python looks at ages only when it purges.
    if (step[0] === 'purge') expect([...kept.ids()].sort()).toEqual(answers.limitedSet[index]);
  }
  expect(answers.limitedSet.at(-1)).toEqual([]);
});

test('these came from the Celery that the golden files name', () => {
  expect(answers.versions).toEqual([expect.stringMatching(/^5\./), expect.stringMatching(/^5\./)]);
});
