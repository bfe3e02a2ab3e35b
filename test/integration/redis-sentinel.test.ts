import { afterAll, beforeAll, expect, test } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { openTransport } from '../../lib/transport/open.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { type SentinelCluster, startSentinels } from '../kit/redis-sentinel.ts';

/* Broker and results behind sentinels, with passwords on both: a worker goes on at the new master by itself. */

let cluster: SentinelCluster;

beforeAll(async () => {
  cluster = await startSentinels();
}, 60_000);
afterAll(() => cluster?.stop());

const app = (): Celery =>
  new Celery('sentinel', {
    broker: cluster.url(0),
    backend: cluster.url(1),
    broker_transport_options: cluster.options,
    result_backend_transport_options: cluster.options,
  });

test('a name that no sentinel knows, and too few sentinels, are one clear line', async () => {
  for (const [options, reason] of [
    [{ ...cluster.options, master_name: 'other' }, /no sentinel knows a working master "other" \(.*No such/],
    [{ ...cluster.options, min_other_sentinels: 3 }, /it sees 2 other sentinels, not 3/],
    [{ ...cluster.options, sentinel_kwargs: { password: 'wr0ng' } }, /WRONGPASS|invalid password/],
  ] as const) {
    const transport = openTransport(cluster.url(), { logger: silentLogger, transportOptions: options });
    const failure: Error = await transport.start().then(
      () => new Error('it started'),
      (error: Error) => error,
    );
    expect(failure.message).toMatch(reason);
    expect(failure.message).not.toMatch(/\n|wr0ng|m@ster|m%40ster/);
    await transport.stop();
  }
});

test('a worker consumes again after its master has died', async () => {
  const serving = app();
  serving.task('s.double', (value: number) => value * 2);
  const worker = await new LocalWorker(serving, { hostname: 'sentinel@test' }).start();
  const client = app();
  const double = async (value: number): Promise<unknown> =>
    (await client.sendTask('s.double', [value])).get({ timeout: 40_000 });
  try {
    expect(await double(1)).toBe(2);
    await cluster.master.kill();
    // Sending tries only for a few seconds; a client tries again until there is a master.
    let answer: unknown = null;
    for (let attempt = 0; attempt < 10 && answer === null; attempt += 1) {
      answer = await double(21).catch(() => null);
    }
    expect(answer).toBe(42);
    expect(worker.log).toContain('Connection to broker lost');
    expect(worker.log.match(/Connected to sentinel:/g)?.length).toBeGreaterThan(1);
    expect(worker.log).not.toMatch(/m@ster|m%40ster/);
  } finally {
    await client.close();
    await worker.stop();
  }
}, 90_000);
