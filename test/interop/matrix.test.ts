import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyResult, type Celery, chain, group } from '../../lib/index.ts';
import { startPostgres } from '../kit/database-servers.ts';
import { type MixedWorkers, startMixedWorkers } from '../kit/mixed-workers.ts';
import { isCeleryFrom, type PythonUrls, python } from '../kit/python.ts';
import { startRedis } from '../kit/redis-server.ts';
import { RESULT_STORES, type ResultStore } from '../kit/result-stores.ts';
import { SERVERS } from '../kit/servers.ts';
import { sharedRabbitmq } from '../kit/shared-rabbitmq.ts';
import { EXPECTED, type Linkable, PRIMITIVES, Sides } from './matrix-canvases.ts';

/*
 * The matrix of interoperability: each primitive × sender (Python, TypeScript) × who runs each step (all Python, all
 * TypeScript, in turn) × broker. One worker of each kind for a broker; all canvases are under way at once. Our pools take
 * turns: of prefork, the default, children send what follows.
 */

/** A broker with room for results, for the time of the tests. */
interface Place {
  readonly broker: string;
  readonly backend: string;
  /** The same with Python's driver in it. */
  readonly pythonBackend?: string;
  /** What chords there cannot do. */
  readonly leftOut?: readonly (keyof typeof EXPECTED)[];
  /** The same, when Python sends them. */
  readonly leftOutByPython?: readonly (keyof typeof EXPECTED)[];
  stop(): Promise<void>;
}

/**
 * With `celery.chord_unlock` a chord cannot grow, and a Python worker's ignored results are never seen. What a failed header
 * in a header is called there depends on who runs the unlock.
 */
const NEEDS_COUNTING = ['add_to_chord', 'ignored member', 'error in a nested header'] as const;
/** Bodies that Celery sends under other ids than it tells the caller, when the chord is unlocked. */
const LOST_BY_PYTHON = [
  'groups in a row',
  'chain in a body',
  'group in a body',
  'chord in a body',
  'replace in a body',
] as const;

const PREFORK = '-P prefork -c 2';
const ASYNC = '-P async -c 10';

interface Broker {
  readonly name: string;
  /** Options of our worker. */
  readonly pool: string;
  readonly start: () => Promise<Place>;
}

const BROKERS: readonly Broker[] = [
  ...SERVERS.map(({ name, start }) => ({
    name,
    pool: name === 'embedded engine' ? PREFORK : ASYNC,
    start: async () => {
      const server = await start();
      return { broker: server.url(0), backend: server.url(1), stop: () => server.stop() };
    },
  })),
  ...RESULT_STORES.map(({ name, start }) => ({
    name: `redis-server with results in ${name}`,
    pool: ASYNC,
    start: async () => {
      const redis = await startRedis();
      return withRows(redis.url(), await start(), () => redis.stop());
    },
  })),
  {
    name: 'RabbitMQ with results in PostgreSQL',
    pool: PREFORK,
    start: async () => {
      const vhost = await sharedRabbitmq();
      return withRows(vhost.url, await startPostgres(), () => vhost.remove());
    },
  },
  {
    name: 'RabbitMQ with results in redis-server',
    pool: PREFORK,
    start: async () => {
      const [vhost, redis] = [await sharedRabbitmq(), await startRedis()];
      return {
        broker: vhost.url,
        backend: redis.url(),
        stop: async () => {
          await redis.stop();
          await vhost.remove();
        },
      };
    },
  },
];

function withRows(broker: string, store: ResultStore, stopBroker: () => Promise<void>): Place {
  return {
    broker,
    backend: store.url(),
    pythonBackend: store.pythonUrl(),
    leftOut: NEEDS_COUNTING,
    leftOutByPython: [...NEEDS_COUNTING, ...LOST_BY_PYTHON],
    stop: async () => {
      await stopBroker();
      await store.stop();
    },
  };
}

const MIXTURES = ['py', 'ts', 'py ts', 'ts py'];
const TIMEOUT_SECONDS = 60;
/** Where results cannot be counted a chord is looked at this often. */
const CONF = { result_chord_retry_interval: 0.2 };

const ID = /[-0-9a-f]{36}/;

async function outcome(result: AnyResult): Promise<unknown> {
  try {
    const value = await result.get({ timeout: TIMEOUT_SECONDS });
    // Without the id of the task that has failed.
    return String(value).startsWith('told of ') ? 'told' : value;
  } catch (error) {
    return String(error).replace(ID, 'ID');
  }
}

describe.each(BROKERS)('on $name, $pool', ({ pool, start }) => {
  let place: Place;
  let workers: MixedWorkers;
  let urls: PythonUrls;
  let app: Celery;

  beforeAll(async () => {
    place = await start();
    workers = await startMixedWorkers('matrix', place, CONF, pool);
    ({ urls, app } = workers);
  }, 120_000);

  afterAll(async () => {
    await workers.stop();
    await place.stop();
  }, 60_000);

  const expected = (leftOut: readonly string[]): object => {
    const row = Object.entries(EXPECTED).filter(([name]) => !leftOut.includes(name));
    return Object.fromEntries(MIXTURES.map((mixture) => [mixture, Object.fromEntries(row)]));
  };

  test('every primitive, sent by TypeScript', { timeout: 90_000 }, async () => {
    const leftOut: readonly string[] = place.leftOut ?? [];
    const sends = Object.entries(PRIMITIVES).filter(([name]) => !leftOut.includes(name));
    const rows = MIXTURES.map(async (mixture): Promise<[string, unknown]> => {
      const cells = sends.map(async ([name, send]): Promise<[string, unknown]> => {
        return [name, await outcome(await send(new Sides(app, mixture)))];
      });
      return [mixture, Object.fromEntries(await Promise.all(cells))];
    });
    expect(Object.fromEntries(await Promise.all(rows))).toEqual(expected(leftOut));
  });

  test('every primitive, sent by Python', { timeout: 90_000 }, async () => {
    const leftOut = place.leftOutByPython ?? [];
    const args = [MIXTURES, leftOut].map((list) => JSON.stringify(list)).join(', ');
    expect(await python(urls, `import matrix_py\nmatrix_py.run(${args})`, 80_000)).toEqual(expected(leftOut));
  });

  test('stamps reach tasks on both sides', { timeout: 90_000 }, async () => {
    const x = { tenant: 'x' };
    const stamped = (canvas: Linkable & { stamp(stamps: object): { applyAsync(): Promise<AnyResult> } }) =>
      canvas.stamp({ tenant: 'x' }).applyAsync().then(outcome);
    const stamps = (s: Sides) => s.call('stamps').set({ immutable: true });
    const both = new Sides(app, 'py ts');
    expect(await stamped(group(stamps(both), stamps(both)))).toEqual([x, x]);
    // Celery 5.2 knows no stamps: it does not hand them on.
    if (!isCeleryFrom(5, 3)) return;
    for (const mixture of MIXTURES) {
      const s = new Sides(app, mixture);
      expect([
        mixture,
        await stamped(chain(s.add(1, 1), stamps(s))),
        await stamped(chain(group(s.add(1, 1), s.add(1, 1)), stamps(s))),
      ]).toEqual([mixture, x, x]);
    }
    const source = `import matrix_py\nmatrix_py.stamped(${JSON.stringify(MIXTURES)})`;
    // Celery itself stamps the body of a chord only with a visitor.
    expect(await python(urls, source, 80_000)).toEqual(MIXTURES.map(() => [[x, x], x, {}]));
  });

  test('groups are saved and found again by the other side', { timeout: 90_000 }, async () => {
    const s = new Sides(app, 'py ts');
    const ours = await group(s.add(1, 1), s.add(2, 2), s.mul(3, 3)).applyAsync();
    await ours.save();
    const source = [
      'from celery.result import GroupResult',
      `found = GroupResult.restore("${ours.id}", app=app)`,
      'values = [found.id, found.join(timeout=60), found.completed_count()]',
      'theirs = group(app.signature("ts.add", (1, 2), queue="ts"), app.signature("py.add", (3, 4), queue="py")).apply_async()',
      'theirs.save()',
      '[values, theirs.id]',
    ].join('\n');
    const [values, id] = (await python(urls, source, 80_000)) as [unknown, string];
    expect(values).toEqual([ours.id, [2, 4, 9], 3]);
    const theirs = await app.restoreGroup(id);
    expect(await theirs?.join({ timeout: TIMEOUT_SECONDS })).toEqual([3, 7]);
    await theirs?.delete();
    expect(await app.restoreGroup(id)).toBeNull();
  });
});
