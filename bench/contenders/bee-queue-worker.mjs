// One bee-queue worker process: `node bee-queue-worker.mjs PORT CONCURRENCY`.
import Queue from 'bee-queue';

const [port, concurrency] = process.argv.slice(2).map(Number);
const queue = new Queue('bench', {
  redis: { host: '127.0.0.1', port },
  getEvents: false,
  sendEvents: true,
  storeJobs: false,
});
queue.process(concurrency, async (job) =>
  job.data.isTimed ? performance.timeOrigin + performance.now() : null,
);
await queue.ready();
console.log('ready');
process.on('SIGTERM', async () => {
  await queue.close();
  process.exit(0);
});
