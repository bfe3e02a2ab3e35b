import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { startDashboard, type TestDashboard } from '../kit/dashboard.ts';
import { ROOT, TestProcess } from '../kit/process.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/** What `faketime` preloads; $LIB is the linker's. */
const LIBRARY = '/usr/$LIB/faketime/libfaketime.so.1';

let redis: RedisServer;
let app: Celery;
let folder: string;
let worker: TestProcess | null;
let dashboard: TestDashboard | null;

beforeEach(async () => {
  redis = await startRedis();
  app = new Celery('client', { broker: redis.url(0), backend: redis.url(1) });
  folder = await mkdtemp(join(tmpdir(), 'umbel-clock-'));
  worker = null;
  dashboard = null;
});
afterEach(async () => {
  await worker?.stop();
  await dashboard?.stop();
  await app.close();
  await redis.stop();
  await rm(folder, { recursive: true });
});

/** A worker whose wall clock is off by what the file says; its clock of durations is right. */
async function skewedWorker(offset: string): Promise<(offset: string) => Promise<void>> {
  const file = join(folder, 'offset');
  await writeFile(file, offset);
  worker = new TestProcess(
    process.execPath,
    [
      `${ROOT}dist/lib/cli/main.js`,
      '-A',
      'test/integration/worker-app.ts',
      'worker',
      '-l',
      'info',
      '-P',
      'async',
      '--heartbeat-interval',
      '0.5',
    ],
    {
      env: {
        CELERY_BROKER_URL: redis.url(0),
        CELERY_RESULT_BACKEND: redis.url(1),
        LD_PRELOAD: LIBRARY,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    },
  );
  await worker.waitFor(/ ready\./, 30_000);
  return (next) => writeFile(file, next);
}

async function secondsUntilDone(
  countdown: number,
  during: () => Promise<void> = async () => {},
): Promise<number> {
  const start = performance.now();
  const result = await app.sendTask<number>('w.add', [1, 1], { countdown, expires: countdown + 30 });
  await during();
  expect(await result.get({ timeout: 20 })).toBe(2);
  return (performance.now() - start) / 1000;
}

it.each([
  ['+3600', 'ahead of'],
  ['-3600', 'behind'],
])('a worker whose clock is off by %s s starts nothing early or late', async (offset, side) => {
  dashboard = await startDashboard({ broker: redis.url(0), resultBackend: redis.url(1) });
  await skewedWorker(offset);
  const seconds = await secondsUntilDone(3);
  expect(seconds).toBeGreaterThan(2.9);
  expect(seconds).toBeLessThan(10);
  expect(worker?.output).toMatch(new RegExp(`clock of this machine is 3\\d+ s ${side} the broker's`));
  await worker?.waitFor(/succeeded in \d/);
  const said = new RegExp(`^3[56]\\d\\d s ${side.replace(' of', '')}: `);
  const { monitor } = dashboard.dashboard.collector;
  await waitUntil(
    'the dashboard says so',
    () => monitor.problems().some(({ kind, evidence }) => kind === 'wrong_clock' && said.test(evidence)),
    10_000,
  );
});

it('a clock that is set back by ten minutes while a task waits does not delay it', async () => {
  const set = await skewedWorker('+0');
  const seconds = await secondsUntilDone(4, async () => {
    await worker?.waitFor(/received/);
    await set('-600');
  });
  expect(seconds).toBeGreaterThan(3.9);
  expect(seconds).toBeLessThan(10);
  await worker?.waitFor(/succeeded in \d/);
  const uptime = Object.values(await app.control.inspect().stats())[0] as { uptime: number };
  expect(uptime.uptime).toBeGreaterThanOrEqual(0);
});
