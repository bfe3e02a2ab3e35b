import { afterEach, beforeEach, expect, test } from 'vitest';
import { Link } from '../../../lib/redis/link.ts';
import { parseRedisUrl } from '../../../lib/redis/url.ts';
import { Fetches } from '../../../lib/transport/redis/fetches.ts';
import { Keys } from '../../../lib/transport/redis/keys.ts';
import { readOptions } from '../../../lib/transport/redis/options.ts';
import { FETCH } from '../../../lib/transport/redis/scripts.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { type RedisServer, startRedis } from '../../kit/redis-server.ts';

/* Two fetches in one write, with what others do between the two. */

let redis: RedisServer;
let link: Link;
let fetches: Fetches;
let accepted: string[];

beforeEach(async () => {
  redis = await startRedis();
  link = new Link(parseRedisUrl(redis.url()), 'test', { onClosed: () => {} });
  await link.open(2000);
  await link.call('script', ['load', FETCH.lua]);
  accepted = [];
  const keys = new Keys(readOptions({}, 0, 4000));
  fetches = new Fetches({
    keys,
    tagPrefix: 'umbel:test:',
    queueOrder: 'round_robin',
    logger: silentLogger,
    accept: (taken) => {
      accepted.push(...taken.map(({ text }) => text));
      return keys.list('a', 0);
    },
    onRefused: () => {},
  });
  fetches.setQueues(['a', 'b']);
});
afterEach(async () => {
  link.close();
  await redis.stop();
});

const push = (count: number): Promise<unknown> =>
  link.call('lpush', ['a', ...Array.from({ length: count }, (_, index) => `{"n":${index}}`)]);

test('the first finds less than it asked for, the second as much: there may be more', async () => {
  await Promise.all([push(1), fetches.send(link, 2), push(3), fetches.send(link, 3)]);
  expect(accepted).toEqual(['{"n":0}']);
  expect(fetches.arrived).toBe(3);
  expect(fetches.isDrained).toBe(false);
  expect(fetches.handOver()).toBe(true);
  expect(accepted).toEqual(['{"n":0}', '{"n":0}', '{"n":1}', '{"n":2}']);
});

test('the first finds as much as it asked for, the second less: both are handed over in their order', async () => {
  const both = Promise.all([push(3), fetches.send(link, 2), fetches.send(link, 2)]);
  expect(fetches.asked).toBe(4);
  await both;
  expect(fetches.asked).toBe(0);
  expect(accepted).toEqual([]);
  expect(fetches.arrived).toBe(3);
  fetches.handOver();
  expect(accepted).toEqual(['{"n":0}', '{"n":1}', '{"n":2}']);
  expect(fetches.isDrained).toBe(false);
  await fetches.send(link, 2);
  expect(fetches.isDrained).toBe(true);
});

test('what was lost is asked for again in the order of sending, and takes nothing new', async () => {
  await push(3);
  const sent = [fetches.send(link, 2), fetches.send(link, 2)];
  link.close();
  const outcomes = await Promise.allSettled(sent);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await link.open(2000);
  await push(1);
  for (let lost = fetches.lost; lost; lost = fetches.lost) await fetches.askAgain(link, lost);
  await fetches.send(link, 5);
  expect(accepted.slice(0, 3)).toEqual(['{"n":0}', '{"n":1}', '{"n":2}']);
  expect(accepted).toHaveLength(4);
});
