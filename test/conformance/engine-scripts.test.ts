import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ADD_TO_CHORD, STORE } from '../../lib/backend/redis/scripts.ts';
import type { Script } from '../../lib/redis/script.ts';
import { BOOK, GIVE_BACK } from '../../lib/transport/redis/claim-scripts.ts';
import {
  ACK,
  COUNT_BOOKED,
  EXPIRED,
  FETCH,
  PARK,
  RENEW,
  RESTORE,
} from '../../lib/transport/redis/scripts.ts';
import { Engine } from '../../server/engine/engine.ts';
import { PYTHON } from '../kit/python.ts';
import { RawRedis } from '../kit/raw-redis.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/** The same script as Lua on redis-server and as its native twin here: same replies, same keyspace afterwards. */
let redis: RedisServer;
let engine: Engine;

beforeAll(async () => {
  redis = await startRedis();
  engine = new Engine({ port: 0, dataDir: null });
  await engine.start();
});

afterAll(async () => {
  await engine.stop();
  await redis.stop();
});

let sides: RawRedis[] = [];

async function connectAll(): Promise<RawRedis[]> {
  return Promise.all([redis.port, engine.port].map((port) => RawRedis.open(port)));
}

beforeEach(async () => {
  for (const side of sides) side.close();
  sides = await connectAll();
  for (const side of sides) await side.call('FLUSHALL');
});

/** Times of now differ in their last digits. */
function roughly(reply: string): string {
  return reply
    .replace(/(?:\$1[0-8]\r\n|,)(1[0-9]{8})[0-9](?:\.[0-9]{1,7})?/g, '$1x')
    .replace(/\b(1[78][0-9]{7})[0-9]\b/g, '$1x');
}

/** On both servers; fails unless the replies are the same, and returns that of the engine. */
async function both(...args: string[]): Promise<string> {
  const [expected = '', found = ''] = await Promise.all(sides.map((side) => side.call(...args)));
  expect(roughly(found), args.join(' ').slice(0, 200)).toBe(roughly(expected));
  return found;
}

async function script({ lua }: Script, keys: string[], args: string[]): Promise<string> {
  return both('EVAL', lua, String(keys.length), ...keys, ...args);
}

async function compareKeys(): Promise<void> {
  for (const key of ['unacked', 'unacked_index', 'parked', 'q1', 'q2', 'q1:3', 'q2:3']) {
    const type = await both('TYPE', key);
    if (type.includes('list')) await both('LRANGE', key, '0', '-1');
    if (type.includes('zset')) await both('ZRANGE', key, '0', '-1', 'WITHSCORES');
    if (type.includes('hash')) {
      const keys = await both('HLEN', key);
      expect(keys).toMatch(/^:/);
    }
  }
}

const QUEUES = ['q1', 'q2', 'q1:3', 'q2:3'];
const BOOKS = ['unacked', 'unacked_index', 'parked'];

async function fill(): Promise<void> {
  await both('LPUSH', 'q1', '{"n":1}', '{"n":2}', 'no json \u0001"/\\', '{"n":3}', '{"n":4}');
  await both('LPUSH', 'q2', '{"m":1}', '{"m":2}');
  await both('LPUSH', 'q1:3', '{"low":1}', '[1]');
}

function fetchArgs(count: number, prefix = 'umbel:w1:1:', again = '0'): string[] {
  return [String(count), prefix, again, '2', '2026-11-21T00:00:00Z', '"q1"', '"q2/\\u00e9"'];
}

describe.each([2, 3])('with RESP%i', (protocol) => {
  beforeEach(async () => {
    for (const side of sides) await side.call('HELLO', String(protocol));
  });

  test.each([1, 2, 3, 5, 20])('fetch of %i', async (count) => {
    await fill();
    await script(FETCH, [...BOOKS, ...QUEUES], fetchArgs(count));
    await both('HGET', 'unacked', 'umbel:w1:1:1');
    await both('HGET', 'unacked', 'umbel:w1:1:2');
    await compareKeys();
    await script(FETCH, [...BOOKS, ...QUEUES], fetchArgs(count, 'umbel:w1:2:'));
    await compareKeys();
  });

  test('fetch of nothing, and asked again', async () => {
    await script(FETCH, [...BOOKS, ...QUEUES], fetchArgs(5));
    await fill();
    await script(FETCH, [...BOOKS, ...QUEUES], fetchArgs(3));
    await script(FETCH, [...BOOKS, ...QUEUES], fetchArgs(3, 'umbel:w1:1:', '1'));
    await script(FETCH, [...BOOKS, ...QUEUES], fetchArgs(3, 'umbel:w9:1:', '1'));
    await compareKeys();
  });

  test('parked entries are bounded', async () => {
    for (let i = 0; i < 1005; i += 1) for (const side of sides) side.send('LPUSH', 'q1', `bad ${i}`);
    for (let i = 0; i < 1005; i += 1) for (const side of sides) await side.read();
    await script(FETCH, [...BOOKS, ...QUEUES], fetchArgs(2000));
    await both('LLEN', 'parked');
    await both('LRANGE', 'parked', '0', '2');
  });

  test('ack, renew, restore, park', async () => {
    await fill();
    await script(FETCH, [...BOOKS, ...QUEUES], fetchArgs(20));
    await script(ACK, BOOKS.slice(0, 2), ['umbel:w1:1:1', 'unknown']);
    await script(RENEW, ['unacked_index'], ['umbel:w1:1:2', 'umbel:w1:1:1']);
    await script(RENEW, ['unacked_index'], []);
    await script(RESTORE, BOOKS.slice(0, 2), ['umbel:w1:1:2', 'q1', 'R', '{"n":2}', 'gone', 'q1', 'L', '{}']);
    await both('ZADD', 'unacked_index', '1795229811.693103', 'umbel:w1:1:3', '5', 'umbel:w1:1:4');
    await script(RESTORE, BOOKS.slice(0, 2), [
      'umbel:w1:1:3',
      'q2',
      'R1795229811.6931031',
      '{"back":1}',
      'umbel:w1:1:4',
      'q2',
      'L6',
      '{"not":1}',
      'umbel:w1:1:4',
      'q2',
      'L5',
      '{"back":2}',
    ]);
    await script(PARK, BOOKS, ['umbel:w1:1:5', '{"queue":"q1"}', 'gone', '{"queue":"q2"}']);
    await script(RESTORE, BOOKS.slice(0, 2), []);
    await script(PARK, BOOKS, []);
    await compareKeys();
  });

  test('book what a wait has brought', async () => {
    const [unacked, index] = ['unacked', 'unacked_index'];
    const own = [unacked, index, 'claimed'];
    await script(BOOK, own, ['umbel:w1:1:0', '"q1"']);
    await both('LPUSH', 'claimed', '{"n":1}');
    expect(await script(BOOK, own, ['umbel:w1:1:0', '"q2/\\u00e9"'])).toBe(':1\r\n');
    expect(await script(BOOK, own, ['umbel:w1:1:0', '"q1"'])).toBe(':0\r\n');
    await both('HGET', unacked, 'umbel:w1:1:0');
    await compareKeys();
  });

  test('book what an owner that is gone has left behind', async () => {
    const left = ['unacked', 'unacked_index', 'claimed', 'claims'];
    await both('ZADD', 'claims', '1795229811.693103', 'w1:1:q1', '5', 'w2:1:q1');
    await both('LPUSH', 'claimed', '{"n":1}');
    await script(BOOK, left, ['umbel:w9:0:0', '"q1"', 'w1:1:q1', '1795229811.5']);
    await script(BOOK, left, ['umbel:w9:0:0', '"q1"', 'unknown', '5']);
    expect(await both('LLEN', 'claimed')).toBe(':1\r\n');
    expect(await script(BOOK, left, ['umbel:w9:0:0', '"q1"', 'w1:1:q1', '1795229811.6931031'])).toBe(
      ':1\r\n',
    );
    await script(BOOK, left, ['umbel:w9:0:1', '"q1"', 'w2:1:q1', '5', '1795230811.25', '!w2:1:q1']);
    await both('ZRANGE', 'claims', '0', '-1', 'WITHSCORES');
    await both('HGET', 'unacked', 'umbel:w9:0:0');
    await compareKeys();
  });

  test('give back what a wait has brought', async () => {
    await both('LPUSH', 'q1', '{"n":1}');
    expect(await script(GIVE_BACK, ['claimed', 'q1'], [])).toBe(':0\r\n');
    await both('LPUSH', 'claimed', '{"n":2}');
    expect(await script(GIVE_BACK, ['claimed', 'q1'], [])).toBe(':1\r\n');
    await both('EXISTS', 'claimed');
    await both('LPUSH', 'claimed', '{"n":3}');
    await both('SET', 'q2', 'no list');
    for (const side of sides) {
      expect(await side.call('EVAL', GIVE_BACK.lua, '2', 'claimed', 'q2')).toMatch(/^-WRONGTYPE/);
    }
    expect(await both('LLEN', 'claimed')).toBe(':1\r\n');
    await compareKeys();
  });

  test('count of what is booked', async () => {
    const count = (...args: string[]): Promise<string> => script(COUNT_BOOKED, ['unacked'], args);
    expect(await count('1000', '400', '1000000')).toBe('*2\r\n:0\r\n:0\r\n');
    await fill();
    await script(FETCH, [...BOOKS, ...QUEUES], fetchArgs(20));
    for (const [tag, booking] of [
      ['k1', '[{"body": "a, \\"b\\"]"}, "media", "video.#"]'],
      ['k2', '[{"body": ""}, "media", "video.#"]'],
      ['k3', '[{"body": ""}, null, "caf\\u00e9"] '],
      ['k4', '[{"body": ""}, "", "é"]'],
      ['k5', 'no booking'],
      ['k6', '[{"body": ""}, "", 7]'],
    ] as const) {
      await both('HSET', 'unacked', tag, booking);
    }
    expect(await count('1000', '400', '1000000')).toContain('"media", "video.#"\r\n:2\r\n');
    expect(await count('1000', '400', '10')).toMatch(/^\*2\r\n:\d+\r\n:0\r\n$/);
  });

  test('expired', async () => {
    await both(
      'ZADD',
      'unacked_index',
      '10',
      'umbel:a',
      '20',
      'b',
      '9999999999',
      'umbel:c',
      '30',
      'umbel:index-only',
    );
    await both('HSET', 'unacked', 'umbel:a', '[{}, "", "q1"]', 'b', '[{}, "", "q2"]', 'umbel:c', '[]');
    for (const limit of ['1', '2', '100', '0'])
      await script(EXPIRED, BOOKS.slice(0, 2), ['60', '3600', limit]);
    await script(EXPIRED, BOOKS.slice(0, 2), ['60', '99999999999', '10']);
    await script(EXPIRED, ['nothing', 'nothing-index'], ['60', '3600', '10']);
  });

  test('add to a chord', async () => {
    for (const [id, count] of [
      ['a', '1'],
      ['b', '2'],
      ['a', '2'],
    ] as const) {
      await script(ADD_TO_CHORD, ['g.t', 'g.a'], [id === 'a' ? '0' : '100', '200', id]);
      expect(await both('GET', 'g.t')).toBe(`$1\r\n${count}\r\n`);
      await both('SCARD', 'g.a');
      for (const key of ['g.t', 'g.a']) await both('TTL', key);
    }
  });

  test('store', async () => {
    const subscribers = await connectAll();
    for (const subscriber of subscribers) await subscriber.call('SUBSCRIBE', 'r1');
    await script(STORE, ['r1', 'r2'], ['100', '{"status": "STARTED"}', '{"status": "SUCCESS"}']);
    await script(
      STORE,
      ['r1', 'r2'],
      ['0', '{"status": "SUCCESS", "result": "caf\u00c3\u00a9"}', '{"status": "FAILURE"}'],
    );
    await script(STORE, ['r1'], ['10', '{"status": "REVOKED"}']);
    for (const key of ['r1', 'r2']) {
      await both('GET', key);
      await both('TTL', key);
    }
    const [first, second] = await Promise.all(
      subscribers.map(async (subscriber) => [await subscriber.read(), await subscriber.read()]),
    );
    expect(second).toEqual(first);
    await both('SET', 'far', `${' '.repeat(70)}"status": "SUCCESS"`);
    await script(STORE, ['far'], ['0', 'x']);
    const others = [
      '\u0082\u00a6status\u00a7SUCCESS\u00a6result\u0005',
      '\u00de\u0000\u0010\u00a6status\u00a7SUCCESS\u00a6result\u0005',
      '\u0082\u00a6status\u00a7FAILURE\u00a6result\u0081\u00a6status\u00a7SUCCESS',
      '{"status": "FAILURE", "result": {"status": "SUCCESS"}}',
      'children: []\nresult: 5\nstatus: SUCCESS\ntask_id: a\n',
      'children: []\nresult: 5\nstatus: FAILURE\ntask_id: a\n',
      '{"status": "FAILURE", "traceback": "\nstatus: SUCCESS\n"}',
    ];
    for (const [index, record] of others.entries()) {
      await script(STORE, [`other${index}`], ['0', record]);
      await script(STORE, [`other${index}`], ['0', '{"status": "REVOKED"}']);
      await both('GET', `other${index}`);
    }
    for (const subscriber of subscribers) subscriber.close();
  });
});

describe("redis-py's locks", () => {
  const source = execFileSync(
    PYTHON,
    ['-c', 'import inspect, redis.lock; print(inspect.getsource(redis.lock))'],
    {
      encoding: 'utf8',
    },
  );
  const text = (name: string): string =>
    new RegExp(`LUA_${name}_SCRIPT = """([\\s\\S]*?)"""`).exec(source)?.[1] ?? '';

  async function load(name: string): Promise<string> {
    const reply = await both('SCRIPT', 'LOAD', text(name));
    return reply.split('\r\n')[1] ?? '';
  }

  test('release, extend and reacquire', async () => {
    const [release, extend, reacquire] = [
      await load('RELEASE'),
      await load('EXTEND'),
      await load('REACQUIRE'),
    ];
    await both('EVALSHA', release, '1', 'lock', 'me');
    await both('SET', 'lock', 'me', 'PX', '100000');
    await both('EVALSHA', release, '1', 'lock', 'somebody else');
    await both('EVALSHA', extend, '1', 'lock', 'me', '100000', '0');
    expect(Number((await sides[1]?.call('PTTL', 'lock'))?.slice(1))).toBeGreaterThan(190_000);
    await both('EVALSHA', extend, '1', 'lock', 'me', '50000', '1');
    expect(Number((await sides[1]?.call('PTTL', 'lock'))?.slice(1))).toBeLessThan(50_001);
    await both('EVALSHA', reacquire, '1', 'lock', 'me', '70000');
    expect(Number((await sides[1]?.call('PTTL', 'lock'))?.slice(1))).toBeGreaterThan(60_000);
    await both('EVALSHA', reacquire, '1', 'lock', 'not me', '70000');
    await both('EVALSHA', release, '1', 'lock', 'me');
    await both('EXISTS', 'lock');
    await both('SET', 'lock', 'me');
    await both('EVALSHA', extend, '1', 'lock', 'me', '1000', '0');
  });
});

describe('client tracking', () => {
  /** A tracking connection, its subscriber and a third, on each server. */
  async function trios(options: string[]): Promise<RawRedis[][]> {
    const all = await Promise.all([connectAll(), connectAll(), connectAll()]);
    const bySide = [0, 1].map((index) => all.flatMap((clients) => clients.slice(index, index + 1)));
    for (const [reader, subscriber] of bySide) {
      const id = (await subscriber?.call('CLIENT', 'ID'))?.slice(1).trim() ?? '';
      await subscriber?.call('SUBSCRIBE', '__redis__:invalidate');
      expect(await reader?.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, ...options)).toBe('+OK\r\n');
    }
    return bySide;
  }

  /** Runs `steps` on each side: `0` reader, `2` a third; then all that the subscriber got. */
  async function heard(options: string[], steps: [who: 0 | 2, ...command: string[]][]): Promise<void> {
    const [expected, found] = await Promise.all(
      (await trios(options)).map(async (clients) => {
        const log: string[] = [];
        for (const [who, ...command] of steps) {
          log.push(`${command.join(' ').slice(0, 30)}: ${await clients[who]?.call(...command)}`);
        }
        for (;;) {
          const message = await clients[1]?.read(80);
          if (message === undefined || message === '(nothing)') break;
          log.push(message);
        }
        for (const client of clients) client.close();
        return log;
      }),
    );
    expect(found).toEqual(expected);
  }

  test('the first change of a key that was read is told, once', () =>
    heard(
      ['NOLOOP'],
      [
        [0, 'GET', 'k'],
        [2, 'SET', 'k', '1'],
        [2, 'SET', 'k', '2'],
        [0, 'MGET', 'k', 'other'],
        [2, 'DEL', 'k'],
        [2, 'SET', 'unread', '1'],
        [0, 'LLEN', 'list'],
        [2, 'RPUSH', 'list', 'x'],
      ],
    ));

  test('own changes are not told with NOLOOP, but end the tracking', () =>
    heard(
      ['NOLOOP'],
      [
        [0, 'GET', 'k'],
        [0, 'SET', 'k', '1'],
        [2, 'SET', 'k', '2'],
        [0, 'GET', 'k'],
        [2, 'SET', 'k', '3'],
      ],
    ));

  test('own changes are told without NOLOOP', () =>
    heard(
      [],
      [
        [0, 'GET', 'k'],
        [0, 'SET', 'k', '1'],
        [2, 'PING'],
      ],
    ));

  test('reads in transactions count, and expiry is a change', () =>
    heard(
      ['NOLOOP'],
      [
        [0, 'MULTI'],
        [0, 'GET', 'k'],
        [0, 'EXEC'],
        [2, 'SET', 'k', '1', 'PX', '90000'],
        [0, 'GET', 'k'],
        [2, 'SET', 'k', '1', 'PX', '90000'],
        [0, 'STRLEN', 'k'],
        [2, 'EXPIRE', 'k', '0'],
      ],
    ));

  test('a flush of everything is told as null', () =>
    heard(
      ['NOLOOP'],
      [
        [0, 'GET', 'k'],
        [2, 'FLUSHALL'],
      ],
    ));

  test('a fetch that finds nothing is told of the next message in any queue', () => {
    const fetch: [0, ...string[]] = [0, 'EVAL', FETCH.lua, '7', ...BOOKS, ...QUEUES, ...fetchArgs(5)];
    return heard(
      ['NOLOOP'],
      [fetch, [2, 'LPUSH', 'q2:3', '{}'], [2, 'LPUSH', 'q1', '{}'], fetch, fetch, [2, 'LPUSH', 'q1', '{}']],
    );
  });

  test.each([[['BCAST']], [['BCAST', 'PREFIX', 'a', 'PREFIX', 'b', 'NOLOOP']]])('broadcast %j', (options) =>
    heard(options, [
      [2, 'SET', 'apple', '1'],
      [2, 'SET', 'banana', '1'],
      [2, 'SET', 'cherry', '1'],
      [0, 'SET', 'avocado', '1'],
    ]),
  );

  test('without redirection RESP3 clients get it on their own connection', async () => {
    const [expected, found] = await Promise.all(
      sides.map(async (side) => {
        const log = [await side.call('CLIENT', 'TRACKING', 'ON')];
        await side.call('HELLO', '3');
        log.push(await side.call('GET', 'k'), await side.call('SET', 'k', '1'), await side.read());
        log.push(await side.call('CLIENT', 'TRACKINGINFO'), await side.call('CLIENT', 'TRACKING', 'OFF'));
        log.push(await side.call('GET', 'k'), await side.call('SET', 'k', '1'), await side.read(50));
        return log;
      }),
    );
    expect(found).toEqual(expected);
  });
});
