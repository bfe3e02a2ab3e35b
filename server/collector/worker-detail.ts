import type { RunningTask, WorkerDetail } from '../../lib/contract/records.ts';
import type { Monitor } from '../../lib/monitor/monitor.ts';
import { isRecord, numberOrNull, textOrNull } from '../../lib/protocol/record.ts';
import { pythonRepr } from '../../lib/protocol/repr.ts';
import type { Inspector } from './inspector.ts';

const MAX_SHOWN = 200;
const MAX_REGISTERED = 2000;

/** Everything known of one worker: its figures, and its own last answers. */
export function workerDetail(
  monitor: Monitor,
  inspector: Inspector,
  name: string,
  now: number,
): WorkerDetail | null {
  const worker = monitor.workers.get(name);
  if (!worker) return null;
  const answers = inspector.get(name)?.answers ?? {};
  const { series } = worker;
  return {
    ...monitor.workerRow(worker, now),
    prefetch: worker.facts.prefetch,
    reserved: listOf(answers.reserved).slice(0, MAX_SHOWN).map(readTask),
    scheduled: listOf(answers.scheduled)
      .slice(0, MAX_SHOWN)
      .map((entry) => {
        const request = isRecord(entry['request']) ? entry['request'] : {};
        const { uuid, name: task } = readTask(request);
        return { uuid, name: task, eta: textOrNull(entry['eta']) };
      }),
    registered: Array.isArray(answers.registered)
      ? answers.registered.map(String).slice(0, MAX_REGISTERED)
      : [],
    answers: inspector.answersOf(name),
    stats: isRecord(answers.stats) ? answers.stats : null,
    conf: isRecord(answers.conf) ? answers.conf : null,
    loadSeries: series.load.toSeries(now),
    loopSeries: series.loop.toSeries(now),
    activeSeries: series.active.toSeries(now),
    rateSeries: series.rate.toSeries(now),
  };
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function readTask(info: Readonly<Record<string, unknown>>): RunningTask {
  const args = info['args'];
  return {
    uuid: textOrNull(info['id']) ?? '',
    name: textOrNull(info['name']) ?? 'unknown',
    args: typeof args === 'string' ? args : pythonRepr(args ?? null),
    started: numberOrNull(info['time_start']),
    pid: numberOrNull(info['worker_pid']),
    p95: null,
  };
}
