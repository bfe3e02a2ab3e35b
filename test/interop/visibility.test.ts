import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { FaultBench } from '../kit/fault-bench.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { ROOT, TestProcess } from '../kit/process.ts';
import { PYTHON } from '../kit/python.ts';
import { launchPythonFaults } from '../kit/python-faults.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

/*
 * Tasks and ETAs of ten visibility timeouts, while kombu with that timeout sweeps the same queue again and again, alone
 * and inside a whole Python worker: it would bring back, and so double, whatever is held for longer.
 */

const VISIBILITY_SECONDS = 2;
const HELD_SECONDS = 20;

interface Run {
  readonly kind: string;
  readonly startedAt: number;
}

describe.each(SERVERS)('ten visibility timeouts on $name', ({ start }) => {
  let server: TestServer;
  let client: Celery;
  let worker: LocalWorker;
  const runs: Run[] = [];

  beforeAll(async () => {
    server = await start();
    const urls = {
      broker: server.url(0),
      backend: server.url(1),
      broker_transport_options: { visibility_timeout: VISIBILITY_SECONDS, lease: VISIBILITY_SECONDS },
    };
    client = new Celery('client', urls);
    const app = new Celery('worker', urls);
    const note = (kind: string): void => {
      runs.push({ kind, startedAt: Date.now() });
    };
    app.task('v.late', () => note('late'));
    app.task(
      'v.long',
      async () => {
        note('long');
        await new Promise((resolve) => setTimeout(resolve, HELD_SECONDS * 1000));
        return 'done';
      },
      { acksLate: true },
    );
    worker = new LocalWorker(app, { hostname: 'ts1@test' });
    await worker.start();
  });
  afterAll(async () => {
    await worker.stop();
    await client.close();
    await server.stop();
  });

  const sweep = async (): Promise<string> => {
    const peer = new TestProcess(PYTHON, [
      `${ROOT}test/integration/kombu_peer.py`,
      server.url(),
      String(VISIBILITY_SECONDS),
      'sweep',
    ]);
    await peer.ended();
    return peer.output.trim();
  };

  it('a task and an ETA of that length run once, in time', async () => {
    const eta = new Date(Date.now() + HELD_SECONDS * 1000);
    const long = await client.sendTask('v.long');
    const late = await client.sendTask('v.late', [], { eta });
    const ended = Promise.all([long.get({ timeout: 50 }), late.get({ timeout: 50 })]);
    let isOver = false;
    const over = ended.finally(() => {
      isOver = true;
    });
    let sweeps = 0;
    while (!isOver) {
      expect(await sweep()).toBe('left 0');
      sweeps += 1;
    }
    expect((await over)[0]).toBe('done');
    expect(sweeps).toBeGreaterThan(2);
    // Time for a second copy to show itself.
    await new Promise((resolve) => setTimeout(resolve, VISIBILITY_SECONDS * 1500));
    expect(runs.map(({ kind }) => kind).sort()).toEqual(['late', 'long']);
    const startedAt = runs.find(({ kind }) => kind === 'late')?.startedAt ?? 0;
    expect(startedAt).toBeGreaterThanOrEqual(eta.getTime());
    expect(startedAt - eta.getTime()).toBeLessThan(1000);
  }, 90_000);
});

describe.each(SERVERS)('ten visibility timeouts beside a Python worker on $name', ({ start }) => {
  let server: TestServer;
  let bench: FaultBench;
  let python: TestProcess;

  beforeAll(async () => {
    server = await start();
    const urls = { broker: server.url(0), backend: server.url(1) };
    bench = new FaultBench({ ...urls, lease: VISIBILITY_SECONDS, visibilityTimeout: VISIBILITY_SECONDS });
    const { path: ledger } = bench.ledger;
    python = launchPythonFaults(
      { ...urls, ledger, name: 'py@faults', visibilityTimeout: VISIBILITY_SECONDS },
      ['-c', '4', '-Q', 'theirs'],
    );
    await Promise.all([bench.worker('-c', '4', '-Q', 'ours'), python.waitFor(/ready\./, 30_000)]);
  }, 60_000);
  afterAll(async () => {
    await python.stop('SIGKILL');
    await bench.stop();
    await server.stop();
  });

  it('runs once what Umbel holds, and once more at most what kombu brings back of its own', async () => {
    const eta = new Date(Date.now() + HELD_SECONDS * 1000);
    for (const queue of ['ours', 'theirs']) {
      await bench.send('f.late', [`${queue}-late`], HELD_SECONDS * 1000, { queue });
      await bench.send('f.early', [`${queue}-early`], HELD_SECONDS * 1000, { queue });
      await bench.send('f.early', [`${queue}-eta`], 0, { queue, eta });
    }
    const { control } = bench.app;
    const [us, them] = [{ destination: ['w1@faults'] }, { destination: ['py@faults'] }];
    const held = async (): Promise<boolean> => {
      const answers = await Promise.all([control.inspect().active(), control.inspect().scheduled()]);
      const lists = answers.flatMap((answer) => Object.values(answer));
      return (
        JSON.stringify(lists.map((list) => (Array.isArray(list) ? list.length : 0)).sort()) === '[1,1,2,2]'
      );
    };
    await waitUntil('each side has taken its own', held, 15_000);
    // From now on each consumes the queue whose messages the other holds; ours still its own, too.
    await control.addConsumer('ours', { ...them, reply: true, timeout: 5 });
    await control.addConsumer('theirs', { ...us, reply: true, timeout: 5 });
    await control.cancelConsumer('theirs', { ...them, reply: true, timeout: 5 });
    await waitUntil('all have run', () => bench.ledger.endedCount === 6, (HELD_SECONDS + 40) * 1000);
    // Time for another copy to show itself.
    await new Promise((resolve) => setTimeout(resolve, VISIBILITY_SECONDS * 1500));
    const counts = (ids: readonly string[]): number[] => ids.map((id) => bench.ledger.begins(id).length);
    expect(counts(['ours-late', 'ours-early', 'ours-eta', 'theirs-early'])).toEqual([1, 1, 1, 1]);
    // kombu gives away what its own worker holds, every ten seconds; of what Umbel then has there is no further copy.
    expect(counts(['theirs-late', 'theirs-eta'])).toEqual([2, 2]);
    const begins = [...bench.ledger.begins('ours-eta'), ...bench.ledger.begins('theirs-eta')];
    for (const begin of begins) {
      expect(begin).toBeGreaterThanOrEqual(eta.getTime());
      expect(begin - eta.getTime()).toBeLessThan(1000);
    }
  }, 120_000);
});
