import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTransport } from '../../lib/transport/open.ts';
import type { Transport } from '../../lib/transport/transport.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { ids, taskMessage } from '../kit/messages.ts';
import { ROOT, TestProcess } from '../kit/process.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

const KILLS = 20;
const TASKS = 2000;
const RUNNING = 2;

const spawnWorker = (url: string): TestProcess =>
  new TestProcess(process.execPath, [
    '--import',
    'jiti/register',
    `${ROOT}test/kit/consumer-process.ts`,
    url,
    '2',
  ]);

describe.each(SERVERS)('workers killed on $name', ({ start }) => {
  let server: TestServer;
  let transport: Transport;
  let redis: Redis;

  beforeAll(async () => {
    server = await start();
    redis = new Redis(server.port, { protocol: 2 });
    transport = openTransport(server.url(), { logger: silentLogger });
    await transport.start();
  });
  afterAll(async () => {
    redis.disconnect();
    await transport.stop();
    await server.stop();
  });

  test(`${KILLS} SIGKILLs lose none of ${TASKS} tasks, and all are done within 5 s of the last`, async () => {
    let workers = Array.from({ length: RUNNING }, () => spawnWorker(server.url()));
    const all = [...workers];
    await Promise.all(workers.map((worker) => worker.waitFor(/ready/)));
    let orphaned = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const next = spawnWorker(server.url());
      all.push(next);
      await next.waitFor(/ready/);
      await Promise.all(
        ids(TASKS / KILLS, `${kill}-`).map((id, index) =>
          transport.publish({ exchange: '', routingKey: index % 4 ? 'celery' : 'mail' }, taskMessage(id)),
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
      const [victim, ...rest] = workers;
      workers = [...rest, next];
      await victim?.stop('SIGKILL');
      orphaned += await redis.hlen('unacked');
    }
    // The kills must have hit workers that held something, or nothing is shown here.
    expect(orphaned).toBeGreaterThan(KILLS);
    const killedAt = performance.now();
    const done = (): string[] => all.flatMap(({ output }) => output.match(/(?<=^done )\S+$/gm) ?? []);
    await waitUntil('all are done', () => new Set(done()).size === TASKS, 15_000);
    const seconds = (performance.now() - killedAt) / 1000;
    await waitUntil('all are acked', async () => (await redis.exists('unacked', 'celery', 'mail')) === 0);
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
    // Only a task that was done and not acked yet when its worker died runs again.
    expect(done().length - TASKS).toBeLessThanOrEqual(KILLS);
    expect(seconds).toBeLessThan(5);
  }, 90_000);
});
