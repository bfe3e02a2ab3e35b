import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

describe.each(SERVERS)('prefetch on $name', ({ start }) => {
  let server: TestServer;
  let app: Celery;
  let worker: LocalWorker | null;
  let release: (() => void)[];

  beforeEach(async () => {
    server = await start();
    app = new Celery('prefetch', { broker: server.url(0), backend: server.url(1) });
    release = [];
    worker = null;
    const wait = () => new Promise<void>((resolve) => release.push(resolve));
    app.task('p.early', wait);
    app.task('p.late', { acksLate: true }, wait);
  });
  afterEach(async () => {
    for (const end of release) end();
    await worker?.stop();
    await server.stop();
  });

  const waiting = async (): Promise<number> =>
    (await (await app.transport()).sampleQueues(['celery']))[0]?.messages ?? 0;

  it.each(['p.early', 'p.late'])('disabled: %s is taken only when a slot is free', async (task) => {
    app.configure({ worker_disable_prefetch: true });
    worker = await new LocalWorker(app, {
      hostname: 'w1@test',
      concurrency: 2,
    }).start();
    await Promise.all([1, 2, 3, 4, 5].map(() => app.sendTask(task)));
    await waitUntil('two run', () => release.length === 2);
    // Time for a third to be taken wrongly.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await waiting()).toBe(3);
    expect(worker.log.match(/received/g)).toHaveLength(2);
    release[0]?.();
    await waitUntil('a third runs', () => release.length === 3);
    expect(await waiting()).toBe(2);
    release[1]?.();
    release[2]?.();
    await waitUntil('all run', () => release.length === 5);
  });

  it('an ETA does not hold up the others, until there are too many', async () => {
    app.configure({ worker_eta_task_limit: 3 });
    worker = await new LocalWorker(app, {
      hostname: 'w1@test',
      concurrency: 1,
      prefetchMultiplier: 2,
    }).start();
    const eta = new Date(Date.now() + 3_600_000);
    await Promise.all([1, 2, 3, 4].map(() => app.sendTask('p.early', [], { eta })));
    await app.sendTask('p.early');
    await waitUntil('the one without an ETA runs', () => release.length === 1);
    await Promise.all([1, 2, 3, 4].map(() => app.sendTask('p.early', [], { eta })));
    await new Promise((resolve) => setTimeout(resolve, 300));
    // Three are held, two more fill the prefetch.
    expect(await waiting()).toBe(3);
    expect(Object.values(await app.control.inspect().scheduled()).flat()).toHaveLength(5);
  });
});
