import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ConnectionGroup } from '../../../lib/redis/connection-group.ts';
import { Outbox } from '../../../lib/redis/outbox.ts';
import { parseRedisUrl } from '../../../lib/redis/url.ts';
import { Witness } from '../../../lib/transport/redis/witness.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { type RedisServer, startRedis } from '../../kit/redis-server.ts';

const HOUR_MS = 3_600_000;
let redis: RedisServer;
let group: ConnectionGroup;
let outbox: Outbox;
let witness: Witness;
let nowMs = 0;

beforeEach(async () => {
  redis = await startRedis();
  group = new ConnectionGroup({ address: parseRedisUrl(redis.url()), logger: silentLogger });
  await group.start();
  outbox = new Outbox(group);
  witness = new Witness(outbox, 'umbel.witness');
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(async () => {
  vi.restoreAllMocks();
  outbox.close();
  await group.stop();
  await redis.stop();
});

test('a key that is gone before its time tells of lost data, once', async () => {
  expect(await witness.hasLostData()).toBe(false);
  expect(await witness.hasLostData()).toBe(false);
  await group.command.call('flushall');
  expect(await witness.hasLostData()).toBe(true);
  expect(await witness.hasLostData()).toBe(false);
});

test('a key that may have expired tells nothing', async () => {
  expect(await witness.hasLostData()).toBe(false);
  // The broker was away for an hour: nobody could write the key again.
  await group.command.call('del', ['umbel.witness']);
  nowMs += HOUR_MS;
  expect(await witness.hasLostData()).toBe(false);
  await group.command.call('flushall');
  expect(await witness.hasLostData()).toBe(true);
});
