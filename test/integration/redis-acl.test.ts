import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Celery, chord } from '../../lib/index.ts';
import { createLogger } from '../../lib/util/logger.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/* A Redis user that may do just what docs/scaling.md gives it. */

let redis: RedisServer;
let admin: Redis;

beforeEach(async () => {
  redis = await startRedis();
  admin = new Redis(redis.port);
});
afterEach(async () => {
  admin.disconnect();
  await redis.stop();
});

/** The rules of the page for a user of this name. */
async function rulesOf(user: string): Promise<string[]> {
  const page = await readFile(new URL('../../docs/scaling.md', import.meta.url), 'utf8');
  const [, rules = ''] = new RegExp(`^ACL SETUSER ${user} (.*)$`, 'm').exec(page) ?? [];
  return rules.split(' ').map((rule) => rule.replace('{password}', 'secret'));
}

test.each([
  ['shop', ''],
  ['shop-prefixed', 'shop:'],
])('the user %s works, steers and is refused nothing', async (user, prefix) => {
  expect(await admin.call('ACL', 'SETUSER', user, ...(await rulesOf(user)))).toBe('OK');
  const url = redis.url().replace('//', `//${user}:secret@`);
  const lines: string[] = [];
  const logger = createLogger({ level: 'WARNING', write: (line) => lines.push(line) });
  const options = prefix === '' ? {} : { global_keyprefix: prefix };
  const settings = {
    broker: url,
    backend: url,
    broker_transport_options: options,
    result_backend_transport_options: options,
  };
  const app = new Celery('acl', settings, logger);
  const add = app.task('acl.add', (x: number, y: number) => x + y);
  const late = app.task('acl.late', { acksLate: true }, (x: number) => x);
  const sum = app.task('acl.sum', (all: number[]) => all.reduce((x, y) => x + y, 0));
  const worker = await new LocalWorker(app, { hostname: 'w@acl' }).start();
  const timeout = 10;
  expect(await (await add.delay(1, 2)).get({ timeout })).toBe(3);
  expect(await (await late.applyAsync([5], { priority: 6 })).get({ timeout })).toBe(5);
  expect(await (await add.applyAsync([1, 2], { countdown: 0.1 })).get({ timeout })).toBe(3);
  const both = await chord([add.s(1, 2), add.s(3, 4)], sum.s()).applyAsync();
  expect(await both.get({ timeout })).toBe(10);
  expect(await app.control.inspect({ timeout }).ping()).toEqual({ 'w@acl': { ok: 'pong' } });
  await worker.stop();
  await app.close();
  expect(await admin.call('ACL', 'LOG')).toEqual([]);
  expect(lines).toEqual([]);
});
