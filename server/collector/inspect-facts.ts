import { z } from 'zod';
import type { Monitor } from '../../lib/monitor/monitor.ts';
import type { TaskRecord } from '../../lib/monitor/task-record.ts';
import type { WorkerRecord } from '../../lib/monitor/worker-record.ts';

const optionalNumber = z.number().optional().catch(undefined);

const statsSchema = z.object({
  pid: optionalNumber,
  uptime: optionalNumber,
  prefetch_count: optionalNumber,
  pool: z
    .object({
      implementation: z.string().optional().catch(undefined),
      'max-concurrency': optionalNumber,
      processes: z.array(z.unknown()).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  rusage: z
    .object({ utime: optionalNumber, stime: optionalNumber, maxrss: optionalNumber })
    .optional()
    .catch(undefined),
});

const queuesSchema = z.array(z.object({ name: z.string() }));

/** Takes from `inspect stats` what a Python worker's heartbeat does not say. */
export function applyStats(worker: WorkerRecord, answer: unknown, now: number): void {
  const parsed = statsSchema.safeParse(answer);
  if (!parsed.success) return;
  const { pid, uptime, prefetch_count: prefetch, pool, rusage } = parsed.data;
  const { facts } = worker;
  facts.pid = pid ?? facts.pid;
  facts.prefetch = prefetch ?? facts.prefetch;
  if (worker.tellsFigures) return;
  facts.pool = poolName(pool?.implementation) ?? facts.pool;
  // A pool that grew still tells the concurrency that it started with.
  facts.concurrency = pool?.processes?.length || (pool?.['max-concurrency'] ?? facts.concurrency);
  if (uptime !== undefined) facts.startedAt ??= now - uptime;
  if (rusage) applyRusage(worker, rusage, now);
}

function applyRusage(
  worker: WorkerRecord,
  {
    utime = 0,
    stime = 0,
    maxrss,
  }: { utime?: number | undefined; stime?: number | undefined; maxrss?: number | undefined },
  now: number,
): void {
  worker.countCpu(utime + stime, now);
  // Linux counts maxrss in kilobytes.
  if (maxrss !== undefined) worker.facts.memoryBytes = maxrss * 1024;
  worker.sample(now);
}

export function applyActiveQueues(worker: WorkerRecord, answer: unknown): void {
  const parsed = queuesSchema.safeParse(answer);
  if (parsed.success) worker.facts.queues = parsed.data.map(({ name }) => name);
}

/** `celery.concurrency.prefork:TaskPool` → `prefork`. */
function poolName(implementation: string | undefined): string | undefined {
  return implementation?.split(':')[0]?.split('.').at(-1);
}

const infosSchema = z.array(
  z.object({
    id: z.string(),
    worker_pid: optionalNumber,
    delivery_info: z.object({ routing_key: z.string() }).partial().optional(),
  }),
);

/**
 * Running and reserved tasks name the queue they came from, and the process that runs them: Celery's events name
 * neither, as they carry the pid of the worker's main process.
 */
export function applyTaskInfos(
  monitor: Monitor,
  worker: WorkerRecord,
  answer: unknown,
  areActive: boolean,
): void {
  const parsed = infosSchema.safeParse(answer);
  for (const { id, worker_pid: pid, delivery_info: info } of parsed.success ? parsed.data : []) {
    const record = monitor.tasks.get(id);
    if (record && areActive) monitor.lost.confirm(record, worker);
    const queue = info?.routing_key;
    if (record) applyPid(monitor, record, pid);
    if (!record || record.facts.queue !== null || queue === undefined) continue;
    if (!worker.facts.queues?.includes(queue)) continue;
    record.facts.queue = queue;
    monitor.touch(record);
  }
}

function applyPid(monitor: Monitor, record: TaskRecord, pid: number | null | undefined): void {
  if (typeof pid !== 'number' || !record.isRunning || record.facts.pid === pid) return;
  record.facts.pid = pid;
  monitor.touch(record);
}
