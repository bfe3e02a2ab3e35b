import { afterEach, beforeEach, expect, test } from 'vitest';
import { startDashboard, type TestDashboard } from '../kit/dashboard.ts';
import { FaultBench } from '../kit/fault-bench.ts';
import { ids } from '../kit/messages.ts';
import { seededRandom } from '../kit/random.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { waitUntil } from '../kit/wait-until.ts';

/* Early acks promise at most once: a killed worker's running tasks are gone, but never without a word. */

const KILLS = 3;
const TASKS = 120;
const CONCURRENCY = 2;

let redis: RedisServer;
let bench: FaultBench;
let dashboard: TestDashboard;

beforeEach(async () => {
  redis = await startRedis();
  bench = new FaultBench({ broker: redis.url(0), backend: redis.url(1) });
  dashboard = await startDashboard({ broker: redis.url(0), resultBackend: redis.url(1) });
});
afterEach(async () => {
  await bench.stop();
  await dashboard.stop();
  await redis.stop();
});

interface Shown {
  readonly state: string;
  readonly isLost: boolean;
}

async function shown(): Promise<Map<string, Shown>> {
  const { json } = await dashboard.get('/api/v1/tasks?limit=500');
  const { rows } = json as { rows: (Shown & { uuid: string })[] };
  return new Map(rows.map((row) => [row.uuid, row]));
}

test.each([
  ['under another name', []],
  ['at once under the same name', ['-n', 'phoenix@faults']],
])(
  'early-ack tasks that die with their worker are shown as lost; it is replaced %s',
  async (_how, args) => {
    const random = seededRandom();
    let worker = await bench.worker('-E', ...args);
    for (let kill = 0; kill < KILLS; kill += 1) {
      const names = ids(TASKS / KILLS, `k${kill}-`);
      await bench.send('f.early', names, 40);
      await waitUntil('some run', () => names.some((id) => bench.ledger.verdict().unfinished.includes(id)));
      await new Promise((resolve) => setTimeout(resolve, random.below(300)));
      await worker.stop('SIGKILL');
      worker = await bench.worker('-E', ...args);
    }
    await waitUntil('the queue is empty', async () => (await bench.held()) === 0, 30_000);
    const isOver = ({ state, isLost }: Shown): boolean => state === 'SUCCESS' || isLost;
    const open = async () => {
      const all = [...(await shown()).values()];
      return { known: all.length, open: all.filter((task) => !isOver(task)) };
    };
    await expect.poll(open, { timeout: 20_000 }).toEqual({ known: TASKS, open: [] });
    const tasks = await shown();
    const { lost, doubled } = bench.ledger.verdict();
    expect(doubled).toEqual([]);
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.length).toBeLessThanOrEqual(KILLS * CONCURRENCY);
    expect(lost.filter((id) => tasks.get(id)?.isLost !== true)).toEqual([]);
  },
  90_000,
);
