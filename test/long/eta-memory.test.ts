import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { umbel } from '../kit/process.ts';
import { SERVERS } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

const COUNT = 100_000;
const WARM_COUNT = 10_000;
const WAIT_MS = 60_000;
const SPREAD_MS = 60_000;
const MAX_GROWTH_MB = 60;
/** While they run, V8 lets garbage lie for a while, as with any tasks; measured: 36 to 51. */
const MAX_PEAK_MB = 90;
/** On a machine that has nothing else to do it is below a second; a busy one lets the worker wait for its processors. */
const MAX_P99_MS = 15_000;
const SAMPLE_EVERY_MS = 100;

interface Figures {
  readonly earliest: number;
  readonly p99: number;
  readonly latest: number;
  readonly longestWait: number;
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
    const ask = async <T>(task: string): Promise<T> => (await app.sendTask<T>(task)).get({ timeout: 60 });
    const haveRun = async (count: number): Promise<boolean> => {
      // Seldom: the worker has something else to do.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return (await ask<number>('eta.count')) === count;
    };
    const waiting = async (): Promise<number> =>
      (await (await app.transport()).sampleQueues(['celery']))[0]?.messages ?? 0;
    let sampling: NodeJS.Timeout | undefined;
    try {
      await worker.waitFor(/ ready\./, 30_000);
      const pid = worker.child.pid ?? 0;
      // What the worker needs to run tasks at all is not what ETAs cost.
      for (let sent = 0; sent < WARM_COUNT; sent += 1000) {
        await Promise.all(Array.from({ length: 1000 }, () => app.sendTask('eta.note', [Date.now()])));
      }
      await waitUntil('it is warm', () => haveRun(WARM_COUNT), 60_000);
      await ask('eta.reset');
      const before = residentMb(pid);
      let largest = before;
      sampling = setInterval(() => {
        largest = Math.max(largest, residentMb(pid));
      }, SAMPLE_EVERY_MS);
      const dueMs = Date.now() + WAIT_MS;
      for (let sent = 0; sent < COUNT; sent += 1000) {
        const batch = Array.from({ length: 1000 }, (_, index) => {
          const atMs = Math.round(dueMs + ((sent + index) / COUNT) * SPREAD_MS);
          return app.sendTask('eta.note', [atMs], { eta: new Date(atMs) });
        });
        await Promise.all(batch);
      }
      await waitUntil('all are taken', async () => (await waiting()) === 0, WAIT_MS);
      const held = residentMb(pid) - before;
      await waitUntil('all have run', () => haveRun(COUNT), WAIT_MS + SPREAD_MS + 60_000);
      const peak = largest - before;
      const { earliest, p99, latest, longestWait } = await ask<Figures>('eta.figures');
      process.stdout.write(
        `${COUNT} ETA tasks: ${before.toFixed(0)} MB, held + ${held.toFixed(1)} MB, at most + ${peak.toFixed(1)} MB\n` +
          `lateness p99 ${p99} ms, at most ${latest} ms, earliest ${earliest} ms; ` +
          `the worker waited ${longestWait} ms for a processor\n`,
      );
      expect(held).toBeLessThan(MAX_GROWTH_MB);
      expect(peak).toBeLessThan(MAX_PEAK_MB);
      expect(earliest).toBeGreaterThanOrEqual(0);
      expect(p99).toBeLessThan(MAX_P99_MS);
    } finally {
      clearInterval(sampling);
      await app.close();
      await worker.stop('SIGKILL');
      await server.stop();
    }
  }, 400_000);
});
