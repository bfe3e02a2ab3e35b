// One BullMQ worker process: `node bullmq-worker.mjs PORT CONCURRENCY`.
import { Worker } from 'bullmq';

const [port, concurrency] = process.argv.slice(2).map(Number);
const worker = new Worker(
  'bench',
  async (job) => (job.name === 'started_at' ? performance.timeOrigin + performance.now() : null),
  { connection: { host: '127.0.0.1', port }, concurrency },
);
await worker.waitUntilReady();
console.log('ready');
process.on('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});
