// The sending side of a benchmark.
import { createRequire } from 'node:module';

const { Redis } = createRequire(import.meta.url)('ioredis');

/** A client of the server under test: the two tasks and a count of stored results. */
export async function clientFor({ port, broker }) {
  process.env.BENCH_BROKER = broker ?? `redis://127.0.0.1:${port}/0`;
  process.env.BENCH_BACKEND = `redis://127.0.0.1:${port}/1`;
  const { app, noop, startedAt } = await import(`./contenders/umbel-tasks.mjs?port=${port}`);
  const results = new Redis({ port, host: '127.0.0.1', db: 1 });
  return {
    noop,
    startedAt,
    countResults: () => results.dbsize(),
    async close() {
      results.disconnect();
      await app.close();
    },
  };
}
