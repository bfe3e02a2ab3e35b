import type { Problem, QueueRow } from '../contract/records.ts';
import type { FailingName } from './task-names.ts';
import type { WorkerRecord } from './worker-record.ts';

/** The verdict on the cluster: what is wrong, since when, with evidence; worst first. */
export function findProblems(
  failing: readonly FailingName[],
  queues: readonly QueueRow[],
  workers: Iterable<WorkerRecord>,
  dataLostAt: number | null,
): Problem[] {
  const problems: Problem[] = dataLostAt === null ? [] : [lostData(dataLostAt)];
  for (const worker of workers) {
    if (worker.status === 'offline' && !worker.saidGoodbye) problems.push(silentWorker(worker));
    const { seconds, since } = worker.drift;
    if (worker.status === 'online' && seconds !== null && since !== null) {
      problems.push(wrongClock(worker.name, seconds, since));
    }
  }
  problems.push(...failing.map(failingTask));
  for (const queue of queues) {
    if (queue.abandonedSince !== null) problems.push(abandonedQueue(queue, queue.abandonedSince));
  }
  return problems.sort((a, b) => severityRank(a) - severityRank(b) || a.since - b.since);
}

function severityRank({ severity }: Problem): number {
  return severity === 'failure' ? 0 : 1;
}

function lostData(since: number): Problem {
  return {
    kind: 'data_lost',
    severity: 'failure',
    title: 'The broker lost its data',
    evidence: 'its keys are gone (flushed, or restarted without persistence): tasks that waited will not run',
    since,
    href: '/queues',
  };
}

function wrongClock(name: string, ahead: number, since: number): Problem {
  return {
    kind: 'wrong_clock',
    severity: 'warning',
    title: `The clock of ${name} is off`,
    evidence: `${Math.abs(Math.round(ahead))} s ${ahead > 0 ? 'ahead' : 'behind'}: the times of its tasks are wrong`,
    since,
    href: `/worker/${encodeURIComponent(name)}`,
  };
}

function failingTask({ name, runs, failures, since, exception }: FailingName): Problem {
  const last = exception === null ? '' : `, last ${exception.slice(0, 120)}`;
  return {
    kind: 'failing',
    severity: 'failure',
    title: `${name} fails`,
    evidence: `${failures} of ${runs} runs in 5 minutes${last}`,
    since,
    href: `/tasks?${new URLSearchParams({ state: 'FAILURE', name })}`,
  };
}

function abandonedQueue(queue: QueueRow, since: number): Problem {
  return {
    kind: 'abandoned_queue',
    severity: 'warning',
    title: `Nobody consumes ${queue.name}`,
    evidence: `${queue.messages} ${queue.messages === 1 ? 'message waits' : 'messages wait'}`,
    since,
    href: `/queues?${new URLSearchParams({ queue: queue.name })}`,
  };
}

function silentWorker(worker: WorkerRecord): Problem {
  let lost = 0;
  for (const task of worker.running.values()) if (task.facts.isLost) lost += 1;
  const evidence =
    lost === 0 ? 'no heartbeat, no goodbye' : `${lost} running ${lost === 1 ? 'task' : 'tasks'} with it`;
  return {
    kind: 'silent_worker',
    severity: 'failure',
    title: `${worker.name} went silent`,
    evidence,
    since: worker.since,
    href: `/worker/${encodeURIComponent(worker.name)}`,
  };
}
