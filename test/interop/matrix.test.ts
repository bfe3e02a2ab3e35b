import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyResult, type Celery, chain, chord, group, type Signature } from '../../lib/index.ts';
import { uuid } from '../../lib/util/clock.ts';
import { startPostgres } from '../kit/database-servers.ts';
import { type MixedWorkers, startMixedWorkers } from '../kit/mixed-workers.ts';
import { type PythonUrls, python } from '../kit/python.ts';
import { startRedis } from '../kit/redis-server.ts';
import { RESULT_STORES, type ResultStore } from '../kit/result-stores.ts';
import { SERVERS } from '../kit/servers.ts';
import { sharedRabbitmq } from '../kit/shared-rabbitmq.ts';

/*
 * The matrix of interoperability: each primitive × sender (Python, TypeScript) × who runs each step (all Python, all
 * TypeScript, in turn) × broker. One worker of each kind for a broker; all canvases are under way at once.
 */

/** A broker with room for results, for the time of the tests. */
interface Place {
  readonly broker: string;
  readonly backend: string;
  /** The same with Python's driver in it. */
  readonly pythonBackend?: string;
  /** What chords there cannot do. */
  readonly leftOut?: readonly (keyof typeof EXPECTED)[];
  stop(): Promise<void>;
}

/** With `celery.chord_unlock` a chord cannot grow, and a Python worker's ignored results are never seen. */
const NEEDS_COUNTING = ['add_to_chord', 'ignored member'] as const;

const BROKERS: readonly { readonly name: string; readonly start: () => Promise<Place> }[] = [
  ...SERVERS.map(({ name, start }) => ({
    name,
    start: async () => {
      const server = await start();
      return { broker: server.url(0), backend: server.url(1), stop: () => server.stop() };
    },
  })),
  ...RESULT_STORES.map(({ name, start }) => ({
    name: `redis-server with results in ${name}`,
    start: async () => {
      const redis = await startRedis();
      return withRows(redis.url(), await start(), () => redis.stop());
    },
  })),
  {
    name: 'RabbitMQ with results in PostgreSQL',
    start: async () => {
      const vhost = await sharedRabbitmq();
      return withRows(vhost.url, await startPostgres(), () => vhost.remove());
    },
  },
  {
    name: 'RabbitMQ with results in redis-server',
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

/** What every sender gets from every mixture. */
const EXPECTED = {
  delay: 3,
  retry: 2,
  link: 30,
  link_error: 'told',
  chain: 34,
  group: [2, 4, 9],
  chord: 12,
  'chord in chain': 107,
  'group in chain': 700,
  'group at the end': [3, 4],
  'nested group': 12,
  'nested chord': 16,
  map: [3, 3],
  starmap: [3, 7],
  chunks: [[2, 4], [6]],
  replace: 80,
  'replace in a header': 11,
  add_to_chord: 106,
  'ignored member': 6,
  'error in chain': 'ValueError: in chain',
  'error in header': 'ValueError: in header',
  'error in body': 'ValueError: in body',
  chord_unlock: 6,
} as const;

type Send = (sides: Sides) => Promise<AnyResult>;

/** Calls that go to the sides of a mixture in turn. */
class Sides {
  readonly app: Celery;
  readonly #sides: readonly string[];
  #count = 0;

  constructor(app: Celery, mixture: string) {
    this.app = app;
    this.#sides = mixture.split(' ');
  }

  next(): string {
    const side = this.#sides[this.#count % this.#sides.length] ?? 'ts';
    this.#count += 1;
    return side;
  }

  call(name: string, ...args: unknown[]): Signature<unknown[], unknown[], never> {
    const side = this.next();
    return this.app.signature<never>(`${side}.${name}`, args, { queue: side });
  }

  add = (...args: number[]) => this.call('add', ...args);
  mul = (...args: number[]) => this.call('mul', ...args);
  total = () => this.call('tsum');
  fail = (text: string) => this.call('fail', text).set({ immutable: true });
}

/** A signature with an id, and the result to look at. */
function watched(sides: Sides, name: string, ...args: unknown[]) {
  const taskId = uuid();
  return { signature: sides.call(name, ...args).set({ taskId }), result: sides.app.AsyncResult(taskId) };
}

const PRIMITIVES: Readonly<Record<keyof typeof EXPECTED, Send>> = {
  delay: (s) => s.add(1, 2).applyAsync(),
  retry: (s) => s.call('flaky', 2).applyAsync(),
  link: async (s) => {
    const first = s.add(1, 2);
    const { signature, result } = watched(s, 'mul', 10);
    await first.link(signature).applyAsync();
    return result;
  },
  link_error: async (s) => {
    const first = s.fail('x');
    const { signature, result } = watched(s, 'told');
    await first.linkError(signature).applyAsync();
    return result;
  },
  chain: (s) => chain(s.add(1, 2), s.mul(10), s.add(4)).applyAsync(),
  group: (s) => group(s.add(1, 1), s.add(2, 2), s.mul(3, 3)).applyAsync(),
  chord: (s) => chord([s.add(1, 1), s.mul(2, 2), s.add(3, 3)], s.total()).applyAsync(),
  'chord in chain': (s) =>
    chain(s.add(1, 1), chord([s.add(1), s.mul(2)], s.total()), s.add(100)).applyAsync(),
  'group in chain': (s) => chain(s.add(1, 1), group(s.add(1), s.mul(2)), s.total(), s.mul(100)).applyAsync(),
  'group at the end': (s) => chain(s.add(1, 1), group(s.add(1), s.mul(2))).applyAsync(),
  'nested group': (s) => chord(group(group(s.add(1, 1), s.add(2, 2)), s.add(3, 3)), s.total()).applyAsync(),
  'nested chord': (s) =>
    chord([chord([s.add(1, 1), s.mul(2, 2)], s.total()), s.add(5, 5)], s.total()).applyAsync(),
  map: (s) =>
    mapOn(s, 'tsum', (task, queue) =>
      task
        .map([[1, 2], [3]])
        .set({ queue })
        .applyAsync(),
    ),
  starmap: (s) =>
    mapOn(s, 'add', (task, queue) => task.starmap(PAIRS.slice(0, 2)).set({ queue }).applyAsync()),
  chunks: (s) => mapOn(s, 'add', (task, queue) => task.chunks(EQUAL_PAIRS, 2).set({ queue }).applyAsync()),
  replace: (s) => chain(s.add(1, 1), s.call('hand_over'), s.mul(10)).applyAsync(),
  'replace in a header': (s) => chord([s.call('hand_over', 1), s.add(2, 2)], s.total()).applyAsync(),
  add_to_chord: (s) => chord([s.call('one_more', 1), s.add(2, 2)], s.total()).applyAsync(),
  'ignored member': (s) =>
    chord([s.add(1, 1).set({ ignoreResult: true }), s.mul(2, 2)], s.total()).applyAsync(),
  'error in chain': (s) => chain(s.add(1, 1), s.fail('in chain'), s.add(1)).applyAsync(),
  'error in header': (s) => chord([s.add(1, 1), s.fail('in header'), s.add(2, 2)], s.total()).applyAsync(),
  'error in body': (s) => chord([s.add(1, 1), s.add(1, 1)], s.fail('in body')).applyAsync(),
  chord_unlock: async (s) => {
    const header = await group(s.add(1, 1), s.add(2, 2)).applyAsync();
    const { signature, result } = watched(s, 'tsum');
    const kwargs = { result: header.results.map((member) => member.asTuple()) };
    await s.app.sendTask('celery.chord_unlock', [header.id, signature], { kwargs, queue: s.next() });
    return result;
  },
};

const PAIRS: [number, number][] = [
  [1, 2],
  [3, 4],
];
const EQUAL_PAIRS: [number, number][] = [
  [1, 1],
  [2, 2],
  [3, 3],
];

function mapOn(
  sides: Sides,
  name: string,
  send: (task: ReturnType<typeof anyTask>, queue: string) => Promise<AnyResult>,
): Promise<AnyResult> {
  const side = sides.next();
  return send(anyTask(sides.app, `${side}.${name}`), side);
}

/** Here it is only a name to map. */
function anyTask(app: Celery, name: string) {
  return app.task(name, (...args: unknown[]): unknown => args);
}

async function outcome(name: string, result: AnyResult): Promise<unknown> {
  try {
    const value = await result.get({ timeout: TIMEOUT_SECONDS });
    return name === 'link_error' ? String(value).split(' of ')[0] : value;
  } catch (error) {
    return String(error);
  }
}

function isIn({ leftOut = [] }: Place, name: string): boolean {
  return !leftOut.some((other) => other === name);
}

describe.each(BROKERS)('on $name', ({ start }) => {
  let place: Place;
  let workers: MixedWorkers;
  let urls: PythonUrls;
  let app: Celery;

  beforeAll(async () => {
    place = await start();
    workers = await startMixedWorkers('matrix', place, CONF);
    ({ urls, app } = workers);
  }, 120_000);

  afterAll(async () => {
    await workers.stop();
    await place.stop();
  }, 60_000);

  const expected = (): object => {
    const row = Object.entries(EXPECTED).filter(([name]) => isIn(place, name));
    return Object.fromEntries(MIXTURES.map((mixture) => [mixture, Object.fromEntries(row)]));
  };

  test('every primitive, sent by TypeScript', { timeout: 90_000 }, async () => {
    const sends = Object.entries(PRIMITIVES).filter(([name]) => isIn(place, name));
    const rows = MIXTURES.map(async (mixture): Promise<[string, unknown]> => {
      const cells = sends.map(async ([name, send]): Promise<[string, unknown]> => {
        return [name, await outcome(name, await send(new Sides(app, mixture)))];
      });
      return [mixture, Object.fromEntries(await Promise.all(cells))];
    });
    expect(Object.fromEntries(await Promise.all(rows))).toEqual(expected());
  });

  test('every primitive, sent by Python', { timeout: 90_000 }, async () => {
    const args = [MIXTURES, place.leftOut ?? []].map((list) => JSON.stringify(list)).join(', ');
    expect(await python(urls, `import matrix_py\nmatrix_py.run(${args})`, 80_000)).toEqual(expected());
  });

  test('stamps reach tasks on both sides', { timeout: 90_000 }, async () => {
    const stamped = new Sides(app, 'py ts');
    const result = await chain(stamped.add(1, 1), stamped.add(1), stamped.add(1))
      .stamp({ tenant: 'x' })
      .applyAsync();
    expect(await result.get({ timeout: TIMEOUT_SECONDS })).toBe(4);
  });
});
