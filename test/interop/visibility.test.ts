import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Celery } from '../../lib/index.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { ROOT, TestProcess } from '../kit/process.ts';
import { PYTHON } from '../kit/python.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

/*
 * Tasks and ETAs of ten visibility timeouts, while a Python worker with that timeout sweeps the same queue again and
 * again: it would bring back, and so double, whatever is held for longer.
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
