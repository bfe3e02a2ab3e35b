// `node bench/concurrency.mjs`: 10,000 tasks that do nothing, on RabbitMQ, at every concurrency, to see that each drains
// without a stall. Prints tasks a second and the longest time in which no result was stored; fails when a drain does.
//   --all (each concurrency from 2 to 100, instead of nine of them)   --tasks N (default 10000)   --pool async|threads|prefork
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { buildServer } from '../scripts/build.mjs';
import { isServerStale } from '../scripts/stale.mjs';
import { clientFor } from './client.mjs';
import { umbel } from './contenders/celery.mjs';
import { stop } from './measure.mjs';
import { rabbitmqServer } from './rabbitmq-server.mjs';

const { values: options } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    tasks: { type: 'string', default: '10000' },
    pool: { type: 'string' },
  },
});
const total = Number(options.tasks);
const steps = options.all
  ? Array.from({ length: 99 }, (_, index) => index + 2)
  : [2, 3, 5, 10, 20, 35, 50, 75, 100];

/** A client that also measures the longest time between two counts of results that differ, in milliseconds. */
function watched(progress) {
  return async (server) => {
    const client = await clientFor(server);
    let last = 0;
    let at = 0;
    const countResults = async () => {
      const count = await client.countResults();
      if (count === last) return count;
      const now = performance.now();
      if (last > 0) progress.longestMs = Math.max(progress.longestMs, now - at);
      [last, at] = [count, now];
      return count;
    };
    return { ...client, countResults };
  };
}

if (isServerStale()) buildServer();
console.log(
  `Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, ${total} tasks\n`,
);
console.log('| pool | concurrency | tasks/s | longest gap ms |\n| --- | ---: | ---: | ---: |');
for (const pool of options.pool ? [options.pool] : ['async', 'threads']) {
  for (const concurrency of steps) {
    const server = await rabbitmqServer();
    const progress = { longestMs: 0 };
    try {
      const { perSecond } = await umbel(pool).drain(server, {
        total,
        concurrency,
        clientFor: watched(progress),
      });
      console.log(
        `| ${pool} | ${concurrency} | ${Math.round(perSecond)} | ${Math.round(progress.longestMs)} |`,
      );
    } catch (error) {
      process.exitCode = 1;
      console.log(`| ${pool} | ${concurrency} | ${error.message.split('\n')[0]} | – |`);
    }
    await stop(server.child);
  }
}
process.exit();
