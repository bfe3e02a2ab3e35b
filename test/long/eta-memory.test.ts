import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { umbel } from '../kit/process.ts';
import { SERVERS } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

const COUNT = 100_000;
const WAIT_MS = 60_000;
const SPREAD_MS = 60_000;
/** 25 MB of it are the tasks, the rest is garbage that V8 sees no need to collect yet; measured: 66 to 80. */
const MAX_GROWTH_MB = 90;

interface Figures {
  readonly count: number;
  readonly earliest: number;
  readonly p99: number;
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe.each(SERVERS)('a hundred thousand ETA tasks on $name', ({ start }) => {
  it('stay with the broker and start in time', async () => {
    const server = await start();
    const env = { CELERY_BROKER_URL: server.url(0), CELERY_RESULT_BACKEND: server.url(1) };
    const worker = umbel(['-A', 'test/kit/eta-app.ts', 'worker', '-P', 'async', '-l', 'info'], { env });
    const app = new Celery('client', { broker: server.url(0), backend: server.url(1) });
    const figures = async (): Promise<Figures> =>
      (await app.sendTask<Figures>('eta.figures')).get({ timeout: 60 });
    const waiting = async (): Promise<number> =>
      (await (await app.transport()).sampleQueues(['celery']))[0]?.messages ?? 0;
    try {
      await worker.waitFor(/ ready\./, 30_000);
      // What the worker needs to run tasks at all is not what ETAs cost.
      for (let sent = 0; sent < 10_000; sent += 1000) {
        await Promise.all(Array.from({ length: 1000 }, () => app.sendTask('eta.note', [Date.now()])));
      }
      await waitUntil('it is warm', async () => (await figures()).count === 10_000, 60_000);
      const before = residentMb(worker.child.pid ?? 0);
      const dueMs = Date.now() + WAIT_MS;
      for (let sent = 0; sent < COUNT; sent += 1000) {
        const batch = Array.from({ length: 1000 }, (_, index) => {
          const atMs = Math.round(dueMs + ((sent + index) / COUNT) * SPREAD_MS);
          return app.sendTask('eta.note', [atMs], { eta: new Date(atMs) });
        });
        await Promise.all(batch);
      }
      await waitUntil('all are taken', async () => (await waiting()) === 0, WAIT_MS);
      const growth = residentMb(worker.child.pid ?? 0) - before;
      process.stdout.write(`${COUNT} ETA tasks: ${before.toFixed(0)} MB + ${growth.toFixed(1)} MB\n`);
      await waitUntil(
        'all have run',
        async () => (await figures()).count === COUNT + 10_000,
        WAIT_MS + SPREAD_MS + 60_000,
      );
      const { earliest, p99 } = await figures();
      process.stdout.write(`p99 lateness ${p99} ms, earliest ${earliest} ms\n`);
      expect(growth).toBeLessThan(MAX_GROWTH_MB);
      expect(earliest).toBeGreaterThanOrEqual(0);
      expect(p99).toBeLessThan(1000);
    } finally {
      await app.close();
      await worker.stop('SIGKILL');
      await server.stop();
    }
  }, 400_000);
});
