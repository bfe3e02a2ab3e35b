import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { openTransport } from '../../lib/transport/open.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { idOf } from '../kit/messages.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

/** Far enough that the worker does not keep the message. */
const FAR_MS = 4_000;

describe.each(SERVERS)('tasks with an ETA on $name', ({ start }) => {
  let server: TestServer;
  let app: Celery;
  let worker: LocalWorker;
  let ran: { readonly index: number; readonly atMs: number }[];

  beforeEach(async () => {
    server = await start();
    app = new Celery('eta', { broker: server.url(0), backend: server.url(1) });
    ran = [];
    app.task('e.note', (index: number) => {
      ran.push({ index, atMs: Date.now() });
    });
  });
  afterEach(async () => {
    await worker.stop();
    await server.stop();
  });

  const begin = async (prefetchMultiplier = 8): Promise<void> => {
    worker = await new LocalWorker(app, { hostname: 'w1@test', concurrency: 1, prefetchMultiplier }).start();
  };
  const send = (count: number, etaMs: (index: number) => number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        app.sendTask('e.note', [index], { eta: new Date(etaMs(index)) }),
      ),
    );
  const waiting = async (): Promise<number> =>
    (await (await app.transport()).sampleQueues(['celery']))[0]?.messages ?? 0;
  const scheduled = async () => Object.values(await app.control.inspect().scheduled()).flat();

  it('run once each and none early, however many fall due at once', async () => {
    await begin();
    const dueMs = Date.now() + FAR_MS;
    await send(3_000, () => dueMs);
    await waitUntil('all have run', () => ran.length >= 3_000, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(ran).toHaveLength(3_000);
    expect(new Set(ran.map(({ index }) => index)).size).toBe(3_000);
    expect(Math.min(...ran.map(({ atMs }) => atMs))).toBeGreaterThanOrEqual(dueMs);
  });

  it('run in the order of their times, not of their sending', async () => {
    await begin();
    const dueMs = Date.now() + FAR_MS;
    await send(50, (index) => dueMs + (49 - index) * 20);
    await waitUntil('all have run', () => ran.length === 50, 20_000);
    expect(ran.map(({ index }) => index)).toEqual(Array.from({ length: 50 }, (_, index) => 49 - index));
  });

  it('are settled at once when they are revoked, and the others wait on', async () => {
    await begin();
    const dueMs = Date.now() + 600_000;
    const results = await send(20, () => dueMs);
    await waitUntil('all are held', async () => (await scheduled()).length === 20);
    const revoked = results.slice(0, 5);
    await app.control.revoke(revoked.map(({ id }) => id));
    for (const result of revoked) await expect(result.get({ timeout: 20 })).rejects.toThrow('revoked');
    expect(await scheduled()).toHaveLength(15);
  });

  it('go back in their old order when the worker stops', async () => {
    await begin();
    const dueMs = Date.now() + 60_000;
    const results = await send(300, (index) => dueMs - index * 10);
    await waitUntil('all are held', async () => (await waiting()) === 0);
    await worker.stop();
    expect(worker.log).toMatch(/Restoring 300 unacknowledged message/);
    expect(await waiting()).toBe(300);
    const got: string[] = [];
    const transport = openTransport(server.url(0), { logger: silentLogger });
    await transport.start();
    const consumer = transport.createConsumer({
      queues: [{ name: 'celery' }],
      prefetch: 0,
      onDeliveries: (deliveries) => got.push(...deliveries.map(idOf)),
    });
    await consumer.start();
    await waitUntil('all have come', () => got.length === 300);
    await transport.stop();
    expect(got).toEqual(results.map(({ id }) => id));
  });

  it('wait on when another task whose id has the same hash is revoked', async () => {
    await begin();
    const eta = new Date(Date.now() + FAR_MS);
    await app.sendTask('e.note', [1], { eta, taskId: 'liquid' });
    await app.sendTask('e.note', [2], { eta, taskId: 'costarring' });
    await waitUntil('both are held', async () => (await scheduled()).length === 2);
    await app.control.revoke(['costarring']);
    await waitUntil('one is left', async () => (await scheduled()).length === 1);
    await waitUntil('it has run', () => ran.length === 1, 20_000);
    expect(ran[0]?.index).toBe(1);
    expect(await waiting()).toBe(0);
  });

  it('get in line in time although more wait for a slot than are read ahead', async () => {
    let end = (): void => {};
    app.task(
      'e.wait',
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
    );
    await begin(1_600);
    const taskId = 'due';
    await app.sendTask('e.note', [-1], { eta: new Date(Date.now() + FAR_MS), taskId });
    await waitUntil('it is held', async () => (await scheduled()).length === 1);
    await app.sendTask('e.wait');
    await Promise.all(Array.from({ length: 1_400 }, (_, index) => app.sendTask('e.note', [index])));
    await waitUntil('it waits for a slot', async () => (await scheduled()).length === 0, 10_000);
    end();
    await waitUntil('all have run', () => ran.length === 1_401, 20_000);
    expect(ran.at(-1)?.index).toBe(-1);
  });

  it('run in time although a thousand others are beyond the limit', async () => {
    app.configure({ worker_eta_task_limit: 3 });
    await begin(0);
    const dueMs = Date.now() + FAR_MS;
    await send(3, () => dueMs);
    await waitUntil('they are held', async () => (await scheduled()).length === 3);
    await send(1_001, () => dueMs + 600_000);
    await waitUntil('the near ones have run', () => ran.length === 3, 20_000);
    expect(ran.map(({ index }) => index)).toEqual([0, 1, 2]);
  });
});
