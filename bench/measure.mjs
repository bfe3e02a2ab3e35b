// What every benchmark measures with: processes, their CPU, a private redis-server, percentiles.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Latencies of calls at a steady rate. `once` makes a call and resolves with its latency. */
export async function paced({ count, perSecond }, once) {
  const waits = [];
  for (let i = 0; i < count; i++) {
    waits.push(once());
    await sleep(1000 / perSecond);
  }
  return Promise.all(waits);
}

/** Calls before a measurement, so that it finds compiled code: a worker runs for weeks. `once` makes a call. */
export async function warmUp(count, once) {
  for (let done = 0; done < count; done += 50) await Promise.all(Array.from({ length: 50 }, once));
}

/** Wall time with the fraction that processes can compare. */
export const now = () => performance.timeOrigin + performance.now();

/** Starts a process that ends with the benchmark; its output is kept for the error message. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      child.output = (child.output + data).slice(-4000);
    });
  }
  return child;
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await once(child, 'exit');
  clearTimeout(timer);
}

/** Waits for a line of output. */
export async function outputOf(child, pattern, seconds = 20) {
  for (let waited = 0; waited < seconds * 50; waited++) {
    if (pattern.test(child.output)) return;
    if (child.exitCode !== null) break;
    await sleep(20);
  }
  throw new Error(`no ${pattern} in the output of ${child.spawnargs.join(' ')}:\n${child.output}`);
}

/** A redis-server without persistence, as the peers' own benchmarks use it. */
export const redisServer = () => startRedis('redis', ['--appendonly', 'no']);

/** One that answers a write when it is on disk, as the embedded engine does. */
export async function durableRedisServer() {
  const folder = mkdtempSync(join(tmpdir(), 'umbel-bench-'));
  const args = ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', folder];
  const server = await startRedis('redis with appendfsync always', args);
  server.child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return server;
}

async function startRedis(name, args) {
  const port = await freePort();
  const child = start('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', ...args]);
  await outputOf(child, /Ready to accept connections/);
  return { port, child, name };
}

/** User and system time of a process and all its descendants, in milliseconds. */
export function cpuMs(pid) {
  const tickMs = 10;
  let total = 0;
  for (const id of processTree(pid)) {
    try {
      const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      total += (Number(fields[11]) + Number(fields[12])) * tickMs;
    } catch {
      // ended between the two reads
    }
  }
  return total;
}

function processTree(root) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // ended meanwhile
    }
  }
  const tree = [root];
  for (const id of tree) for (const [child, parent] of parents) if (parent === id) tree.push(child);
  return tree;
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (values) => percentile(values, 0.5);

/**
 * Waits until `count()` goes from a tenth of `total` to `total`; returns tasks per second and CPU per 1,000 tasks of
 * `pid` for that stretch, so that starting up is not part of the figure.
 */
export async function timeDrain({ total, count, pid, seconds = 120 }) {
  const deadline = performance.now() + seconds * 1000;
  let first = 0;
  let startedAt = 0;
  let startCpu = 0;
  for (;;) {
    const done = await count();
    if (!startedAt && done >= total / 10)
      [first, startedAt, startCpu] = [done, performance.now(), cpuMs(pid)];
    if (done >= total) break;
    if (performance.now() > deadline) throw new Error(`only ${done} of ${total} done after ${seconds} s`);
    await sleep(5);
  }
  const tasks = total - first;
  const elapsed = (performance.now() - startedAt) / 1000;
  return { perSecond: tasks / elapsed, cpuPer1000: ((cpuMs(pid) - startCpu) / tasks) * 1000 };
}
