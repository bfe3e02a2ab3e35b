import { expect, test } from 'vitest';
import { churnConnections } from '../kit/connection-churn.ts';
import { FaultBench } from '../kit/fault-bench.ts';
import { umbel } from '../kit/process.ts';
import { startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* What stays behind at the broker after long use and sudden ends: nothing. */

const INSPECTIONS = 1000;
const AT_ONCE = 20;

test(`${INSPECTIONS} inspections and kills leave no key without an expiry`, async () => {
  const redis = await startRedis();
  const bench = new FaultBench({ broker: redis.url(0), backend: redis.url(1) });
  const lasting = async (): Promise<string[]> => {
    const keys = (await bench.redis.keys('*')).sort();
    const expiries = await Promise.all(keys.map((key) => bench.redis.pttl(key)));
    // Where the next worker looks for what the one that was killed had just been given: that must not expire.
    return keys.filter((key, index) => expiries[index] === -1 && key !== 'umbel.claims');
  };
  try {
    const worker = await bench.worker();
    const before = await lasting();
    for (let done = 0; done < INSPECTIONS; done += AT_ONCE) {
      const asked = Array.from({ length: AT_ONCE }, () => bench.app.control.inspect({ timeout: 10 }).ping());
      for (const replies of await Promise.all(asked)) expect(Object.keys(replies)).toEqual(['w1@faults']);
    }
    // One that waits for a worker that is not there, and the worker itself.
    const asking = umbel(['-b', redis.url(0), 'inspect', 'ping', '-d', 'nobody@faults', '--timeout', '60']);
    const isAsking = async () => (await bench.redis.keys('_kombu.binding.reply.*')).length > 0;
    await waitUntil('it asks', isAsking, 10_000);
    await asking.stop('SIGKILL');
    await worker.stop('SIGKILL');
    expect(await lasting()).toEqual(before);
    expect(before.filter((key) => !key.startsWith('_kombu.binding.'))).toEqual([]);
  } finally {
    await bench.stop();
    await redis.stop();
  }
}, 90_000);

test('after 10 reconnects and 1,000 results there are as many connections as at the start', async () => {
  const { ofWorker, before, after } = await churnConnections({ reconnects: 10, results: 1000 });
  expect(after).toBe(before);
  expect(ofWorker).toBeLessThanOrEqual(4);
}, 90_000);
