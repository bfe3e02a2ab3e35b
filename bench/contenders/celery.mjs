import { fileURLToPath } from 'node:url';
import { now, paced, start, stop, timeDrain, warmUp } from '../measure.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const module = 'celery_tasks';

/**
 * A worker that speaks Celery's protocol, driven by Umbel's client: `worker` starts it. Results are counted as keys
 * of the backend's database.
 */
export function celeryWorker(name, worker) {
  return {
    name,
    async drain(server, { total, concurrency, clientFor }) {
      const client = await clientFor(server);
      const enqueueStart = performance.now();
      for (let sent = 0; sent < total; sent += 1000) {
        await Promise.all(Array.from({ length: Math.min(1000, total - sent) }, () => client.noop.delay()));
      }
      const enqueuePerSecond = total / ((performance.now() - enqueueStart) / 1000);
      const child = worker(server, concurrency);
      const drained = await timeDrain({ total, pid: child.pid, count: () => client.countResults() });
      await stop(child);
      await client.close();
      return { ...drained, enqueuePerSecond };
    },

    async latency(server, { warmUps, count, perSecond, concurrency, clientFor }) {
      const client = await clientFor(server);
      const child = worker(server, concurrency);
      const once = async () => {
        const sent = now();
        const result = await client.startedAt.delay();
        return (await result.get({ timeout: 30 })) - sent;
      };
      // The first one waits for the worker to be up.
      await once();
      await warmUp(warmUps, once);
      const latencies = await paced({ count, perSecond }, once);
      await stop(child);
      await client.close();
      return latencies;
    },
  };
}

const urls = ({ port, broker }) => ({
  BENCH_BROKER: broker ?? `redis://127.0.0.1:${port}/0`,
  BENCH_BACKEND: `redis://127.0.0.1:${port}/1`,
});

/** Debian's Python Celery. */
export const pythonCelery = (pool) =>
  celeryWorker(`Celery ${pool}`, (server, concurrency) =>
    start(
      '/usr/bin/python3',
      [
        '-m',
        'celery',
        '-A',
        module,
        'worker',
        '-l',
        'info',
        '-P',
        pool,
        '-c',
        String(concurrency),
        '--without-gossip',
        '--without-mingle',
      ],
      { cwd: folder, env: { ...process.env, ...urls(server) } },
    ),
  );

/** The least that the protocol needs, to see how far a worker is from it. It does not run other tasks than the no-op. */
export const floor = celeryWorker('floor', ({ port }) =>
  start(process.execPath, [`${folder}floor-worker.mjs`, String(port)]),
);

/** Umbel's worker, as a user starts it. */
export const umbel = (pool, flags = []) =>
  celeryWorker(`Umbel ${pool}${flags.length ? ` ${flags.join(' ')}` : ''}`, (server, concurrency) =>
    start(
      process.execPath,
      [
        'dist/lib/cli/main.js',
        '-A',
        'bench/contenders/umbel-tasks.mjs',
        'worker',
        '-l',
        'warning',
        '-P',
        pool,
        '-c',
        String(concurrency),
        ...flags,
      ],
      { cwd: fileURLToPath(new URL('../..', import.meta.url)), env: { ...process.env, ...urls(server) } },
    ),
  );
