import type { Overview, Problem, QueueRow, Series, TaskRow, WorkerRow } from '../contract/records.ts';
import { type Bucket, type Throughput, toThroughputBucket } from './throughput.ts';

const HOUR = 3600;

/** Length and step of each range, in seconds. */
const RANGES = {
  '15m': [900, 10],
  '1h': [HOUR, 60],
  '6h': [6 * HOUR, 300],
  '24h': [24 * HOUR, 900],
  '7d': [7 * 24 * HOUR, HOUR],
} as const;

export interface OverviewParts {
  readonly throughput: Throughput;
  readonly states: Readonly<Record<string, number>>;
  readonly workers: readonly WorkerRow[];
  readonly queues: readonly QueueRow[];
  readonly failures: readonly TaskRow[];
  readonly problems: readonly Problem[];
}

/** The overview of one range: figures of the last minute, charts of the range. */
export function buildOverview(parts: OverviewParts, range: keyof typeof RANGES, now: number): Overview {
  const { throughput, workers, queues } = parts;
  const [seconds, stepSeconds] = RANGES[range];
  const buckets = throughput.range(now, seconds, stepSeconds);
  const minute = throughput.sum(now, 60);
  const recent = throughput.sum(now, 300);
  const finished = minute.success + minute.failure;
  const present = workers.filter(({ status }) => status !== 'offline');
  return {
    now,
    stepSeconds,
    finishedPerSecond: finished / (50 + (now % 10)),
    failedPercent: percentOf(recent.failure, recent.success + recent.failure),
    waiting: queues.reduce((sum, queue) => sum + queue.messages, 0),
    waitP50: recent.wait.quantile(0.5),
    waitP95: recent.wait.quantile(0.95),
    runP50: recent.run.quantile(0.5),
    runP95: recent.run.quantile(0.95),
    slotsBusy: present.reduce((sum, worker) => sum + worker.active, 0),
    slotsTotal: present.reduce((sum, worker) => sum + (worker.concurrency ?? 0), 0),
    waitingSeries: seriesOf(buckets, stepSeconds, ({ waiting }) => waiting),
    slotsSeries: seriesOf(buckets, stepSeconds, ({ slotsBusy }) => slotsBusy),
    buckets: buckets.map(toThroughputBucket),
    states: parts.states,
    workers,
    queues,
    failures: parts.failures,
    problems: parts.problems,
  };
}

function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : (part / whole) * 100;
}

function seriesOf(
  buckets: readonly Bucket[],
  stepSeconds: number,
  value: (bucket: Bucket) => number | null,
): Series {
  return { stepSeconds, end: buckets.at(-1)?.at ?? 0, points: buckets.map(value) };
}
