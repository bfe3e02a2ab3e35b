import type { ClusterEvent } from '../../../lib/monitor/event-fields.ts';

export const T0 = 1_795_000_000;

/** An event of a task `t1` on worker `w1@host`, `at` seconds after T0. */
export function taskEvent(
  kind: string,
  at: number,
  fields: Readonly<Record<string, unknown>> = {},
): ClusterEvent {
  const call = { name: 'tasks.add', args: '(1, 2)', kwargs: '{}', retries: 0, eta: null, expires: null };
  return {
    type: `task-${kind}`,
    timestamp: T0 + at,
    hostname: kind === 'sent' ? 'gen1@host' : 'w1@host',
    utcoffset: 0,
    pid: 7,
    clock: Math.round(at * 10) + 1,
    uuid: 't1',
    ...(kind === 'sent' || kind === 'received' ? { ...call, root_id: 't1', parent_id: null } : {}),
    ...(kind === 'sent' ? { queue: 'celery', exchange: '', routing_key: 'celery' } : {}),
    ...fields,
  };
}

export function workerEvent(
  kind: string,
  at: number,
  fields: Readonly<Record<string, unknown>> = {},
): ClusterEvent {
  return {
    type: `worker-${kind}`,
    timestamp: T0 + at,
    hostname: 'w1@host',
    utcoffset: 0,
    pid: 7,
    clock: 1,
    freq: 2,
    active: 0,
    processed: 0,
    loadavg: [0.5, 0.4, 0.3],
    sw_ident: 'py-celery',
    sw_ver: '5.6.2',
    sw_sys: 'Linux',
    ...fields,
  };
}

export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  );
}
