import { uptime } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { celery, isCeleryFrom, type PythonUrls, pythonWorker } from '../kit/python.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { golden } from '../wire/golden.ts';
import { CONTROL_CASES } from './control-cases.ts';

/*
 * Remote control of a worker of ours and one of Python side by side: the same request, the same answer. Replies that hold
 * figures are compared in shape, also with those recorded of Celery 5.6.
 */

type Side = 'py' | 'ts';

let redis: RedisServer;
let urls: PythonUrls;
let app: Celery;
let workers: TestProcess[] = [];
/** Older ones say some things in other words. */
const isPresentCelery = isCeleryFrom(5, 5);
const slept: string[] = [];

async function ask(side: Side, method: string, args: Readonly<Record<string, unknown>> = {}) {
  const [reply = {}] = await app.control.broadcast(method, {
    arguments: args,
    reply: true,
    timeoutMs: 5000,
    destination: [`${side}@test`],
  });
  return reply[`${side}@test`];
}

/** Both answers; what names a side names the other in the same places. */
async function askBoth(
  method: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<[unknown, unknown]> {
  return Promise.all([ask('py', method, args), ask('ts', method, args)]);
}

beforeAll(async () => {
  redis = await startRedis();
  urls = { broker: redis.url(0), backend: redis.url(1), queue: 'py' };
  const env = { BROKER_URL: urls.broker, RESULT_BACKEND: urls.backend };
  const args = 'worker -l info -c 1 -n ts@test -Q ts'.split(' ');
  const ours = umbel(['-A', 'test/interop/tasks_ts.mjs', ...args], { env });
  workers = [ours, await pythonWorker(urls, ['-n', 'py@test', '-c', '1'])];
  await ours.waitFor(/ready\./);
  app = new Celery('client', { broker: urls.broker, backend: urls.backend }, silentLogger);
}, 60_000);

afterAll(async () => {
  await app.close();
  await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
  await redis.stop();
});

describe('the same answer', () => {
  it.each(CONTROL_CASES.map((row) => [`${row.method} ${JSON.stringify(row.args)}`, row] as const))(
    '%s',
    async (_title, { method, args, reply, isNew = false }) => {
      for (const side of ['ts', 'py'] as const) {
        if (side === 'py' && isNew && !isPresentCelery) continue;
        const own = JSON.parse(JSON.stringify(args).replaceAll('SIDE', side));
        const expected = JSON.parse(JSON.stringify(reply).replaceAll('SIDE', side));
        expect([side, await ask(side, method, own)]).toEqual([side, expected]);
      }
    },
    30_000,
  );

  it('none to shutdown, asked for one that is not there', async () => {
    const replies = app.control.broadcast('shutdown', {
      reply: true,
      timeoutMs: 300,
      destination: ['no@test'],
    });
    expect(await replies).toEqual([]);
  });
});

/** Types in place of values; of a list that of its first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
}

/** A reply without what every worker fills with its own: names of tasks, options of the broker. */
function framed(reply: unknown): unknown {
  const text = JSON.stringify(reply, (key, value) => {
    if (key === 'total' && typeof value === 'object') return {};
    if (key === 'transport_options') return {};
    // 5.2 says null for no.
    return key === 'redelivered' ? value === true : value;
  });
  return shapeOf(JSON.parse(text));
}

describe('the same shape', () => {
  const recorded = golden<Record<string, Record<string, unknown>>>('control-replies');

  beforeAll(async () => {
    for (const side of ['py', 'ts'] as const) {
      for (const options of [{}, {}, { countdown: 300 }]) {
        const { id } = await app.sendTask(`${side}.sleep`, [60], { queue: side, ...options });
        slept.push(id);
      }
    }
    const isHeld = async (): Promise<boolean> => {
      const lists = await Promise.all(['active', 'reserved', 'scheduled'].map((method) => askBoth(method)));
      return lists.flat().every((list) => Array.isArray(list) && list.length === 1);
    };
    await waitUntil('each runs one, holds one and waits for one', isHeld, 30_000);
  }, 60_000);

  it.each(['ping', 'stats', 'active', 'reserved', 'scheduled', 'active_queues', 'clock', 'registered'])(
    '%s',
    async (method) => {
      const [theirs, ours] = await askBoth(method);
      expect(framed(ours)).toEqual(framed(Object.values(recorded[method] ?? {})[0]));
      // 5.2 has less to tell.
      expect(framed(ours)).toMatchObject(Object(framed(theirs)));
    },
  );

  it('query_task', async () => {
    const { query_task: first } = recorded;
    for (const [index, side] of (['py', 'ts'] as const).entries()) {
      const ids = [...slept.slice(index * 3, index * 3 + 3), 'unknown'];
      const found = Object((await ask(side, 'query_task', { ids })) ?? {});
      const states = Object.values<[string, unknown]>(found).map(([state, info]) => [state, framed(info)]);
      const info = Object.values(Object.values(first ?? {})[0] ?? {})[0];
      const running = framed(Reflect.get(Object(info), 1));
      const waiting = { ...Object(running), time_start: 'null', worker_pid: 'null' };
      expect(states.sort().slice(0, 2)).toEqual([
        ['active', running],
        ['reserved', waiting],
      ]);
      expect(found).not.toHaveProperty('unknown');
    }
  });

  it('active with safe, hello, conf, report, memsample and memdump', async () => {
    // Python counts from the start of the machine, and forgets what is three hours old.
    const revoked = { gone: Math.floor(uptime()) + 0.5 };
    for (const side of ['py', 'ts'] as const) {
      const hello = await ask(side, 'hello', { from_node: 'other@test', revoked });
      expect(hello).toEqual({
        revoked: expect.objectContaining({ gone: [expect.any(Number), 'gone'] }),
        clock: expect.any(Number),
      });
      expect(await ask(side, 'hello', { from_node: `${side}@test`, revoked: {} })).toBeNull();
      const [running] = (await ask(side, 'active', { safe: true })) as Record<string, unknown>[];
      expect([running?.['args'], running?.['kwargs']].map((text) => typeof text)).toEqual([
        'string',
        'string',
      ]);
      const changed = Object(await ask(side, 'conf'));
      expect(changed).toMatchObject({
        broker_url: urls.broker,
        result_backend: urls.backend,
        task_track_started: true,
      });
      expect(changed).not.toHaveProperty('task_serializer');
      expect(await ask(side, 'conf', { with_defaults: true })).toMatchObject({
        task_serializer: 'json',
        worker_prefetch_multiplier: 4,
        task_publish_retry_policy: { max_retries: 3, interval_start: 0, interval_step: 0.2, interval_max: 1 },
      });
      expect(await ask(side, 'report')).toEqual({
        ok: expect.stringMatching(
          /^\nsoftware -> [\s\S]+\nplatform -> [\s\S]+settings -> transport:redis results:redis:.+\n\nbroker_url: 'redis:[\s\S]+task_track_started: True\n/,
        ),
      });
      expect(await ask(side, 'memdump', { samples: 3 })).toEqual(expect.stringContaining('rss: '));
      // Python has no psutil here, or it has.
      const sample = await ask(side, 'memsample');
      if (side === 'ts' || sample !== null) expect(sample).toMatch(/^[\d.]+MB$/);
    }
  });
});

/** What `celery inspect …` prints for each node: its status, and its text without figures. */
function printed(output: string, side: Side): [string, string] {
  const [, status = '', text = ''] =
    new RegExp(`->\\s+${side}@test: (\\w+)\\n((?: {4}.*\\n|\\n(?= ))*)`).exec(output) ?? [];
  return [status, text.replace(new RegExp(`\\b${side}\\b`, 'g'), 'SIDE').replace(/\d+(\.\d+)?/g, '9')];
}

describe("Python's command line sees no difference", () => {
  it.each([
    ['inspect', 'ping'],
    ['inspect', 'clock'],
    ['inspect', 'active_queues'],
    ['control', 'heartbeat'],
    ['control', 'enable_events'],
    ['control', 'rate_limit', 'nope', '1/s'],
    ['control', 'autoscale', '3', '1'],
    ['control', 'add_consumer', 'more'],
    ['control', 'cancel_consumer', 'more'],
    ['control', 'terminate', 'KILL', 'unknown'],
    ['inspect', 'objgraph'],
  ])('celery %s %s', { timeout: 60_000 }, async (...words) => {
    const output = await celery(urls, [...words, '-t', '2', '-d', 'py@test,ts@test']);
    const [theirs, ours] = [printed(output, 'py'), printed(output, 'ts')];
    expect([output, ours[0]]).toEqual([output, theirs[0]]);
    // Node has no objgraph to draw with, Python here neither.
    if (words[1] !== 'objgraph') expect([output, ours[1]]).toEqual([output, theirs[1]]);
    expect(ours[1]).not.toBe('');
  });

  it.each([
    ['stats'],
    ['active'],
    ['reserved'],
    ['scheduled'],
    ['registered'],
    ['conf'],
    ['report'],
    ['revoked'],
  ])('celery inspect %s --json', { timeout: 60_000 }, async (command) => {
    const output = await celery(urls, ['inspect', command, '-t', '2', '--json', '-d', 'py@test,ts@test']);
    const replies = JSON.parse(output.trim().split('\n').at(-1) ?? '');
    const kinds = ['py@test', 'ts@test'].map((node) => [typeof replies[node], Array.isArray(replies[node])]);
    expect(kinds[1]).toEqual(kinds[0]);
  });
});

it("umbel control says what to do where Python's workers cannot follow", async () => {
  const command = umbel([
    '-b',
    urls.broker,
    'control',
    'add_consumer',
    '-Q',
    'py',
    '-c',
    '2',
    '-d',
    'py@test',
  ]);
  expect([await command.ended(), command.output]).toEqual([
    0,
    '->  py@test: OK\n    add consumer py\n' +
      "->  py@test: ERROR\n    Python's workers do not know concurrency: use pool_grow or pool_shrink.\n",
  ]);
});

it('terminate and revoke say which', async () => {
  for (const [index, side] of (['py', 'ts'] as const).entries()) {
    const [running = '', waiting = '', scheduled = ''] = slept.slice(index * 3, index * 3 + 3);
    const flagged = await ask(side, 'revoke', { task_id: [waiting, scheduled] });
    expect(String(Object(flagged).ok)).toMatch(/^tasks .+ flagged as revoked$/);
    expect(String(Object(flagged).ok)).toContain(waiting);
    const ended = await ask(side, 'terminate', { signal: 'KILL', task_id: [running, 'unknown'] });
    expect(ended).toEqual({ ok: `terminate: ${running}` });
    const known = (await ask(side, 'revoked')) as string[];
    for (const id of [running, waiting, scheduled]) expect(known).toContain(id);
  }
}, 30_000);
