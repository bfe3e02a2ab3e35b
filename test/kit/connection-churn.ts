import { FaultBench } from './fault-bench.ts';
import { FaultProxy } from './fault-proxy.ts';
import { ids } from './messages.ts';
import { startRedis } from './redis-server.ts';
import { waitUntil } from './wait-until.ts';

export interface ConnectionChurn {
  readonly reconnects: number;
  readonly results: number;
}

export interface ConnectionCounts {
  /** Of the worker alone, to broker and result store. */
  readonly ofWorker: number;
  /** Of worker and client, before the first and after the last reconnect. */
  readonly before: number;
  readonly after: number;
}

const RESULTS_AT_ONCE = 50;

/** A worker whose connections to the broker are reset again and again, and a client that waits for many results. */
export async function churnConnections({ reconnects, results }: ConnectionChurn): Promise<ConnectionCounts> {
  const redis = await startRedis();
  const proxy = new FaultProxy(redis.port);
  await proxy.start();
  const bench = new FaultBench({
    broker: redis.url(0),
    backend: redis.url(1),
    workerBroker: proxy.url(0),
    lease: 10,
  });
  const count = async (): Promise<number> => {
    const list = String(await bench.redis.client('LIST'));
    return list.trim().split('\n').length;
  };
  const getResults = async (prefix: string, number: number): Promise<void> => {
    const sent = ids(number, prefix).map((id) => bench.app.sendTask('f.late', [id, 0], { taskId: id }));
    const asked = await Promise.all(sent);
    await Promise.all(asked.map((result) => result.get({ timeout: 60 })));
  };
  try {
    await bench.redis.ping();
    const alone = await count();
    await bench.worker('-P', 'async', '-c', '20');
    const ofWorker = (await count()) - alone;
    await getResults('warm', 10);
    const before = await count();
    const toBroker = proxy.connections;
    for (let reset = 0; reset < reconnects; reset += 1) {
      proxy.reset();
      await waitUntil('the worker is connected again', () => proxy.connections === toBroker, 30_000);
    }
    for (let first = 0; first < results; first += RESULTS_AT_ONCE) {
      await getResults(`r${first}-`, Math.min(RESULTS_AT_ONCE, results - first));
    }
    await waitUntil('as many connections as before', async () => (await count()) === before, 10_000).catch(
      () => {},
    );
    return { ofWorker, before, after: await count() };
  } finally {
    await bench.stop();
    await proxy.stop();
    await redis.stop();
  }
}
