import { fileURLToPath } from 'node:url';
import Queue from 'bee-queue';
import { now, outputOf, paced, sleep, start, stop, timeDrain, warmUp } from '../measure.mjs';

const script = fileURLToPath(new URL('./bee-queue-worker.mjs', import.meta.url));

/** bee-queue on a redis-server, one worker process. */
export const beeQueue = {
  name: 'bee-queue',
  async drain({ port }, { total, concurrency }) {
    const queue = new Queue('bench', {
      redis: { host: '127.0.0.1', port },
      isWorker: false,
      storeJobs: false,
    });
    await queue.ready();
    const enqueueStart = performance.now();
    for (let sent = 0; sent < total; sent += 1000) {
      await queue.saveAll(Array.from({ length: Math.min(1000, total - sent) }, () => queue.createJob({})));
    }
    const enqueuePerSecond = total / ((performance.now() - enqueueStart) / 1000);
    const worker = start(process.execPath, [script, String(port), String(concurrency)]);
    const count = async () => (await queue.checkHealth()).succeeded;
    const drained = await timeDrain({ total, pid: worker.pid, count });
    await stop(worker);
    await queue.close();
    return { ...drained, enqueuePerSecond };
  },

  async latency({ port }, { warmUps, count, perSecond, concurrency }) {
    const queue = new Queue('bench', { redis: { host: '127.0.0.1', port }, isWorker: false });
    await queue.ready();
    const worker = start(process.execPath, [script, String(port), String(concurrency)]);
    await outputOf(worker, /ready/);
    // Not by their events: under load some of them come before the job is known here, and are lost.
    await warmUp(warmUps, () => queue.createJob({ isTimed: true }).save());
    while ((await queue.checkHealth()).succeeded < warmUps) await sleep(20);
    const latencies = await paced({ count, perSecond }, async () => {
      const sent = now();
      const job = queue.createJob({ isTimed: true });
      const ended = new Promise((resolve, reject) => {
        job.on('succeeded', (at) => resolve(at - sent));
        job.on('failed', reject);
      });
      await job.save();
      return ended;
    });
    await stop(worker);
    await queue.close();
    return latencies;
  },
};
