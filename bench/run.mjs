// `npm run bench`: Umbel beside its peers, in one run, in interleaved rounds. Prints medians and ratios.
//   --rounds N (default 3)   --tasks N (default 20000)   --only drain|latency|engine   --broker redis|rabbitmq|engine
//   latency: --rate N (tasks a second, default 100)   --warm-ups N (tasks before, default 5000)
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildServer } from '../scripts/build.mjs';
import { isServerStale } from '../scripts/stale.mjs';
import { clientFor } from './client.mjs';
import {
  durableRedisServer,
  freePort,
  median,
  outputOf,
  percentile,
  redisServer,
  start,
  stop,
} from './measure.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    tasks: { type: 'string', default: '20000' },
    only: { type: 'string' },
    broker: { type: 'string' },
    rate: { type: 'string', default: '100' },
    'warm-ups': { type: 'string', default: '5000' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const total = Number(options.tasks);

if (isServerStale()) buildServer();
if (!existsSync(`${root}bench/node_modules/bullmq`)) {
  console.log('Installing the peers (once) …');
  spawnSync('npm', ['ci', '--prefix', 'bench'], { cwd: root, stdio: 'inherit' });
}

const { beeQueue } = await import('./contenders/bee-queue.mjs');
const { bullmq } = await import('./contenders/bullmq.mjs');
const { floor, pythonCelery, umbel } = await import('./contenders/celery.mjs');
const { rabbitmqServer } = await import('./rabbitmq-server.mjs');

/** Umbel's embedded engine in a process of its own, with its log on disk (group commit). */
async function engineServer() {
  const port = await freePort();
  const child = start(process.execPath, ['bench/engine-server.mjs', String(port)], { cwd: root });
  await outputOf(child, /listening/);
  return { port, child, name: 'engine' };
}

const contenders = [
  { contender: umbel('async'), server: redisServer, total, concurrency: 50 },
  { contender: umbel('async', ['-E']), server: redisServer, total, concurrency: 50 },
  { contender: umbel('async'), server: engineServer, total, concurrency: 50 },
  { contender: umbel('async'), server: durableRedisServer, total, concurrency: 50, isDrainOnly: true },
  { contender: umbel('prefork'), server: redisServer, total: total / 2, concurrency: 2 },
  { contender: bullmq, server: redisServer, total, concurrency: 50 },
  { contender: beeQueue, server: redisServer, total, concurrency: 50 },
  { contender: floor, server: redisServer, total, concurrency: 100, isDrainOnly: true },
  { contender: pythonCelery('prefork'), server: redisServer, total: total / 10, concurrency: 2 },
  { contender: umbel('async'), server: rabbitmqServer, total, concurrency: 50 },
  { contender: umbel('prefork'), server: rabbitmqServer, total: total / 2, concurrency: 2 },
  { contender: pythonCelery('prefork'), server: rabbitmqServer, total: total / 10, concurrency: 2 },
].filter(({ server }) => !options.broker || server.name.startsWith(options.broker));

async function measure(kind, run) {
  const rows = contenders.map(() => []);
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [index, entry] of contenders.entries()) {
      if (entry.isDrainOnly && kind !== 'drain') continue;
      const server = await entry.server();
      entry.label = `${entry.contender.name} on ${server.name}, c=${entry.concurrency}`;
      try {
        rows[index].push(await run(entry, server));
      } catch (error) {
        console.error(`${kind}: ${entry.label}: ${error.message}`);
      }
      await stop(server.child);
    }
  }
  return rows;
}

const figure = (value, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits });
const ratio = (value, digits) => (Number.isFinite(value) ? figure(value, digits) : '–');
const print = (cells) => console.log(`| ${cells.join(' | ')} |`);

console.log(
  `Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, ${options.rounds} rounds, medians\n`,
);

if (!options.only || options.only === 'drain') {
  const rows = await measure('drain', (entry, server) =>
    entry.contender.drain(server, { ...entry, clientFor }),
  );
  const rateOf = (index) => median((rows[index] ?? []).map((row) => row.perSecond));
  const bull = rateOf(contenders.findIndex(({ contender }) => contender.name === 'BullMQ'));
  /** Python Celery on the same broker, or on Redis for the embedded engine, which has no row of its own. */
  const pythonOn = (server) => {
    const isPython = (entry) => entry.contender.name === 'Celery prefork';
    const own = contenders.findIndex((entry) => isPython(entry) && entry.server === server);
    return rateOf(own >= 0 ? own : contenders.findIndex(isPython));
  };
  print([
    'drain, with acks and results',
    'tasks/s',
    'worker CPU ms per 1,000',
    '× BullMQ',
    '× Celery prefork',
    'enqueue/s',
  ]);
  print(['---', '---:', '---:', '---:', '---:', '---:']);
  for (const [index, { label, server }] of contenders.entries()) {
    const of = (key) => median(rows[index].map((row) => row[key]));
    if (rows[index].length === 0) continue;
    const rate = of('perSecond');
    print([
      label,
      figure(rate),
      figure(of('cpuPer1000'), 1),
      ratio(rate / bull, 2),
      ratio(rate / pythonOn(server), 1),
      figure(of('enqueuePerSecond')),
    ]);
  }
  console.log();
}

if (!options.only || options.only === 'latency') {
  const rows = await measure('latency', (entry, server) =>
    entry.contender.latency(server, {
      warmUps: Number(options['warm-ups']),
      count: 300,
      perSecond: Number(options.rate),
      concurrency: Math.min(10, entry.concurrency),
      clientFor,
    }),
  );
  print([`delay() to start of the body, ${options.rate} tasks/s`, 'p50 ms', 'p99 ms', 'best p99 ms']);
  print(['---', '---:', '---:', '---:']);
  for (const [index, { label }] of contenders.entries()) {
    if (rows[index].length === 0) continue;
    const p99s = rows[index].map((latencies) => percentile(latencies, 0.99));
    const p50s = rows[index].map((latencies) => percentile(latencies, 0.5));
    print([label, figure(median(p50s), 2), figure(median(p99s), 1), figure(Math.min(...p99s), 1)]);
  }
  console.log();
}

if (!options.only || options.only === 'engine') {
  spawnSync(process.execPath, ['bench/engine.mjs'], { cwd: root, stdio: 'inherit' });
}
