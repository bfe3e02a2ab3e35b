import { performance } from 'node:perf_hooks';
import type { WorkerSettings } from './options.ts';
import type { Parts } from './shutdown.ts';

/**
 * What a worker does right now, for a log, when it seems stuck (Celery prints the stacks of its threads on USR1). The
 * stack of code that awaits does not exist in JavaScript; what runs, since when and where, does.
 */
export function runningReport(parts: Parts, { hostname, pool: kind }: WorkerSettings): string {
  const { host, pool, dispatcher, admission } = parts;
  const now = Date.now() / 1000;
  const running = [...host.ledger.active].map(({ label, pid, startedAt, request }) => {
    const seconds = Math.max(0, now - (startedAt ?? now)).toFixed(1);
    return `pid ${pid ?? '?'}: ${label} for ${seconds} s, args ${request.argsrepr}, kwargs ${request.kwargsrepr}`;
  });
  const busyPids = new Set([...host.ledger.active].map(({ pid }) => pid));
  const idle = pool.pids().filter((pid) => !busyPids.has(pid) && pid !== process.pid);
  return [
    `${hostname} (pid ${process.pid}, ${kind} pool of ${pool.size}) runs ${running.length} task(s):`,
    ...running,
    ...idle.map((pid) => `pid ${pid}: idle`),
    `${dispatcher.waiting().length} wait for a slot or their rate, ${admission.schedule.size} for their ETA; ` +
      `prefetch is ${host.consumer.prefetch}.`,
    `The main thread was busy ${Math.round(performance.eventLoopUtilization().utilization * 100)} % of its time, ` +
      `and has a heap of ${Math.round(process.memoryUsage().heapUsed / 1e6)} MB.`,
  ].join('\n');
}
