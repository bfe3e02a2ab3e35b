import { fileURLToPath } from 'node:url';
import { Queue, QueueEvents } from 'bullmq';
import { now, outputOf, paced, start, stop, timeDrain, warmUp } from '../measure.mjs';

const script = fileURLToPath(new URL('./bullmq-worker.mjs', import.meta.url));

/** BullMQ on a redis-server, one worker process. */
export const bullmq = {
  name: 'BullMQ',
  async drain({ port }, { total, concurrency }) {
    const queue = new Queue('bench', { connection: { host: '127.0.0.1', port } });
    const enqueueStart = performance.now();
    for (let sent = 0; sent < total; sent += 1000) {
      await queue.addBulk(
        Array.from({ length: Math.min(1000, total - sent) }, () => ({ name: 'noop', data: {} })),
      );
    }
    const enqueuePerSecond = total / ((performance.now() - enqueueStart) / 1000);
    const worker = start(process.execPath, [script, String(port), String(concurrency)]);
    const drained = await timeDrain({ total, pid: worker.pid, count: () => queue.getCompletedCount() });
    await stop(worker);
    await queue.close();
    return { ...drained, enqueuePerSecond };
  },

  async latency({ port }, { warmUps, count, perSecond, concurrency }) {
    const connection = { host: '127.0.0.1', port };
    const queue = new Queue('bench', { connection });
    // It listens once for each job that is waited for, and Node warns from eleven on.
    queue.setMaxListeners(0);
    const events = new QueueEvents('bench', { connection });
    await events.waitUntilReady();
    const worker = start(process.execPath, [script, String(port), String(concurrency)]);
    await outputOf(worker, /ready/);
    const once = async () => {
      const sent = now();
      const job = await queue.add('started_at', {});
      return (await job.waitUntilFinished(events)) - sent;
    };
    await warmUp(warmUps, once);
    const latencies = await paced({ count, perSecond }, once);
    await stop(worker);
    await events.close();
    await queue.close();
    return latencies;
  },
};
