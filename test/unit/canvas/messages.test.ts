import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AnyCanvas, Celery, chain, chord, group } from '../../../lib/index.ts';
import { decodeEnvelope } from '../../../lib/protocol/envelope.ts';
import { decodeJson } from '../../../lib/protocol/json.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { type RedisServer, startRedis } from '../../kit/redis-server.ts';
import { type GoldenMessage, goldenTaskMessages } from '../../wire/golden.ts';

/*
 * What a canvas puts on Redis, against what Celery 5.6 put there for the same calls. Ids are numbered in the order in
 * which they appear, so that those that should be equal must be.
 */

const ID = '11111111-1111-4111-8111-111111111111';

let redis: RedisServer;
let app: Celery;
let client: Redis;

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url(0));
  app = new Celery('wire', { broker: redis.url(0), backend: redis.url(1) }, silentLogger);
});

afterAll(async () => {
  await app.close();
  client.disconnect();
  await redis.stop();
});

const add = (...args: unknown[]) => app.signature<number>('wire.add', args);
const tsum = () => app.signature<number>('wire.tsum');
const addTask = () => app.task('wire.add', (x: number, y: number) => x + y);

const CALLS: [string, () => AnyCanvas & { applyAsync(): Promise<unknown> }][] = [
  ['chain', () => chain(add(1, 2), add(3), add(4).set({ queue: 'other' }))],
  ['immutable chain', () => chain(add(1, 2), addTask().si(3, 4))],
  ['group', () => group([0, 1, 2].map((n) => add(n, n)))],
  ['chord', () => chord([add(1, 1), add(2, 2)], tsum())],
  ['chain of group and task', () => chain(add(1, 1), group(add(1), add(2)), tsum())],
  ['stamped', () => add(1, 2).stamp({ tenant: 'acme' }).set({ taskId: ID })],
  [
    'link and link_error',
    () => add(2, 3).set({ taskId: ID }).link(add(5)).linkError(app.signature('wire.errback')),
  ],
  ['group of chains', () => group(chain(add(1, 1), add(2)), add(3, 3))],
  [
    'map',
    () =>
      addTask().starmap([
        [1, 2],
        [3, 4],
      ]),
  ],
  [
    'chunks',
    () =>
      addTask().chunks(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        2,
      ),
  ],
];

it.each(CALLS)('%s: the messages of Celery', async (title, make) => {
  await client.flushall();
  await make().applyAsync();
  const texts = (await client.lrange('celery', 0, -1)).reverse();
  const expected = goldenTaskMessages()
    .filter(([name]) => name.replace(/ \d+$/, '') === title)
    .map(([, message]) => message);
  expect(numbered(texts.map(decoded))).toEqual(numbered(expected.map((message) => withoutOrigin(message))));
});

function decoded(raw: string): unknown {
  const { headers, properties, body } = decodeEnvelope(raw);
  return withoutOrigin({ headers, properties, body: decodeJson(String(body)) });
}

function withoutOrigin({ headers, properties, body }: Omit<GoldenMessage, 'raw'>): unknown {
  const { delivery_tag: _tag, ...others } = properties;
  // Python shows tuples where JSON has lists.
  const kwargsrepr = String(headers['kwargsrepr']).replaceAll('(', '[').replaceAll(')', ']');
  return {
    headers: { ...headers, lang: 'js', origin: '', kwargsrepr },
    properties: others,
    body: withoutNulls(body),
  };
}

/** A null among the options of a signature says no more than no option. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'options'
        ? withoutNulls(Object.fromEntries(Object.entries(item).filter(([, v]) => v !== null)))
        : withoutNulls(item),
    ]),
  );
}

function numbered(messages: unknown): unknown {
  const ids = new Map<string, string>();
  const sorted = JSON.stringify(messages, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  const text = sorted.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => {
    if (!ids.has(id)) ids.set(id, `id ${ids.size}`);
    return ids.get(id) ?? id;
  });
  return JSON.parse(text);
}
