import { describe, expect, it } from 'vitest';
import type { ClusterEvent } from '../../../lib/monitor/event-fields.ts';
import { Monitor } from '../../../lib/monitor/monitor.ts';
import { TaskRecord } from '../../../lib/monitor/task-record.ts';
import { T0, taskEvent, workerEvent } from './events.ts';

function monitorWith(events: readonly ClusterEvent[], now = T0): Monitor {
  const monitor = new Monitor();
  monitor.apply(events, now);
  return monitor;
}

describe('the cluster monitor', () => {
  it('drops and counts what is no event, and never throws', () => {
    const hostile = [
      {},
      { type: 'task-sent' },
      { type: 'task-received', timestamp: 'now', hostname: 'w' },
      { type: 'task-received', timestamp: T0, hostname: 'w', uuid: { a: 1 } },
      { type: 'task-', timestamp: T0, hostname: 'w', uuid: 'x' },
      { type: 'nothing', timestamp: T0, hostname: 'w', uuid: 'x' },
      { type: 'worker-heartbeat', timestamp: Number.POSITIVE_INFINITY, hostname: 'w' },
      { type: 'worker-heartbeat', timestamp: T0, hostname: 'x'.repeat(300) },
    ];
    const monitor = new Monitor();
    // Parsed JSON of a stranger: the type is what the receiver promises, not what comes.
    monitor.apply(JSON.parse(JSON.stringify(hostile)), T0);
    expect(monitor.dropped).toBe(hostile.length);
    expect(monitor.tasks.size).toBe(0);
    expect(monitor.workers.size).toBe(0);
  });

  it('keeps foreign keys away from prototypes', () => {
    const event = JSON.parse(
      `{"type":"task-received","timestamp":${T0},"hostname":"__proto__","uuid":"__proto__","name":"constructor","__proto__":{"polluted":1}}`,
    );
    const monitor = monitorWith([event]);
    expect(monitor.tasks.get('__proto__')?.facts.name).toBe('constructor');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('keeps the tasks last heard of, within its bound', () => {
    const monitor = new Monitor({ maxTasks: 100 });
    for (let index = 0; index < 1000; index += 1) {
      monitor.apply(
        [taskEvent('received', index, { uuid: `t${index}` }), taskEvent('started', 0.5, { uuid: 't0' })],
        T0,
      );
    }
    expect(monitor.tasks.size).toBe(100);
    expect(monitor.tasks.get('t0')?.state).toBe('STARTED');
    expect(monitor.tasks.get('t1')).toBeUndefined();
    expect(monitor.drain().tasks).toHaveLength(1000);
    expect(monitor.drain().tasks).toHaveLength(0);
  });

  it('says that a worker is late after two heartbeats and gone after four, and that its tasks are lost', () => {
    const monitor = monitorWith([
      workerEvent('online', 0),
      taskEvent('received', 0),
      taskEvent('started', 0.1),
    ]);
    const statusAt = (seconds: number) => {
      monitor.tick(T0 + seconds);
      return monitor.workers.get('w1@host')?.status;
    };
    expect([statusAt(3), statusAt(5), statusAt(9)]).toEqual(['online', 'late', 'offline']);
    expect(monitor.tasks.get('t1')?.toRow()).toMatchObject({ state: 'STARTED', isLost: true });
    expect(monitor.problems().map(({ kind }) => kind)).toEqual(['silent_worker']);
    monitor.apply([taskEvent('succeeded', 12, { result: '3', runtime: 1 })], T0 + 12);
    expect(monitor.tasks.get('t1')?.toRow()).toMatchObject({ state: 'SUCCESS', isLost: false });
    expect(monitor.workers.get('w1@host')?.status).toBe('online');
  });

  it('takes the silence while the broker is away for no worker going silent', () => {
    const monitor = monitorWith([workerEvent('online', 0, { freq: 2 }), taskEvent('started', 1)]);
    for (let second = 2; second <= 60; second += 1) monitor.tick(T0 + second, true);
    monitor.tick(T0 + 63);
    expect(monitor.workers.get('w1@host')?.status).toBe('online');
    expect(monitor.tasks.get('t1')?.toRow()).toMatchObject({ isLost: false });
    expect(monitor.problems()).toEqual([]);
    monitor.tick(T0 + 69);
    expect(monitor.workers.get('w1@host')?.status).toBe('offline');
    // Gone before: nobody is back because the broker went and came.
    monitor.tick(T0 + 70, true);
    monitor.tick(T0 + 71);
    expect(monitor.workers.get('w1@host')?.status).toBe('offline');
  });

  it.each([
    [3600, '3600 s ahead'],
    [-600, '600 s behind'],
  ])('says that the clock of a worker is off by %i s, once it is sure', (offset, words) => {
    const monitor = new Monitor();
    const beat = (at: number, ahead: number): void => {
      monitor.apply([workerEvent('heartbeat', at + ahead)], T0 + at);
      monitor.tick(T0 + at);
    };
    for (const at of [0, 2, 4, 6]) beat(at, offset);
    expect(monitor.problems()).toEqual([]);
    beat(8, offset - 1);
    expect(monitor.problems()).toMatchObject([
      { kind: 'wrong_clock', severity: 'warning', since: T0 + 8, evidence: expect.stringContaining(words) },
    ]);
    for (const at of [10, 12, 14, 16, 18]) beat(at, 0);
    expect(monitor.problems().map(({ kind }) => kind)).not.toContain('wrong_clock');
  });

  it('takes heartbeats that were held up for no wrong clock', () => {
    const monitor = new Monitor();
    for (const [sent, came] of [
      [0, 0],
      [2, 30],
      [4, 30],
      [6, 30],
      [30, 31],
    ] as const) {
      monitor.apply([workerEvent('heartbeat', sent)], T0 + came);
    }
    monitor.tick(T0 + 31);
    expect(monitor.problems()).toEqual([]);
  });

  it.each([
    ['another start', { started_at: T0 - 60 }, { started_at: T0 + 3 }],
    ['another pid', {}, { pid: 8 }],
  ])('says that tasks are lost when a new process takes over the name at once (%s)', (_how, old, young) => {
    const umbel = 'started_at' in old ? { concurrency: 2 } : {};
    const monitor = monitorWith([
      workerEvent('online', 0, { ...umbel, ...old }),
      taskEvent('started', 1),
      // A reconnected worker says online again; its tasks run on.
      workerEvent('online', 2, { ...umbel, ...old }),
    ]);
    expect(monitor.tasks.get('t1')?.facts.isLost).toBe(false);
    monitor.apply(
      [
        taskEvent('started', 3.5, { uuid: 't2' }),
        workerEvent('online', 3.2, { ...umbel, ...young }),
        workerEvent('heartbeat', 5, { ...umbel, ...young }),
      ],
      T0 + 5,
    );
    expect(monitor.tasks.get('t1')?.toRow()).toMatchObject({ state: 'STARTED', isLost: true });
    expect(monitor.tasks.get('t2')?.toRow()).toMatchObject({ state: 'STARTED', isLost: false });
    expect(monitor.workerRows(T0 + 5)[0]).toMatchObject({ status: 'online', active: 1 });
  });

  it('says that restored tasks are lost unless their worker shows itself', () => {
    const before = monitorWith([
      taskEvent('started', 0, { uuid: 'gone' }),
      taskEvent('started', 0, { uuid: 'alive', hostname: 'w2@host' }),
      taskEvent('started', 0, { uuid: 'replaced', hostname: 'w3@host' }),
    ]);
    const monitor = new Monitor();
    for (const { uuid, facts } of before.tasks.values())
      monitor.restore(new TaskRecord(uuid, facts), T0 + 60);
    monitor.apply(
      [
        workerEvent('heartbeat', 70, { hostname: 'w2@host', started_at: T0 - 10, concurrency: 1 }),
        workerEvent('heartbeat', 70, { hostname: 'w3@host', started_at: T0 + 50, concurrency: 1 }),
      ],
      T0 + 70,
    );
    monitor.tick(T0 + 70);
    const lost = () =>
      [...monitor.tasks.values()].filter(({ facts }) => facts.isLost).map(({ uuid }) => uuid);
    expect(lost()).toEqual([]);
    monitor.tick(T0 + 76);
    expect(lost().sort()).toEqual(['gone', 'replaced']);
    expect(monitor.workers.get('w2@host')?.active).toBe(1);
  });

  it('takes a goodbye for what it is', () => {
    const monitor = monitorWith([workerEvent('online', 0), workerEvent('offline', 1)]);
    monitor.tick(T0 + 2);
    expect(monitor.workers.get('w1@host')?.status).toBe('offline');
    expect(monitor.problems()).toEqual([]);
  });

  it('reads what Umbel workers say in their heartbeats', () => {
    const monitor = monitorWith([
      workerEvent('heartbeat', 0, {
        cpu_percent: 41.5,
        memory_bytes: 1e8,
        loop_ms: 3,
        disk_percent: 70,
        pool: 'prefork',
        concurrency: 4,
        queues: ['celery', 'media'],
        started_at: T0 - 60,
        active: 2,
        processed: 9,
      }),
    ]);
    expect(monitor.workerRows(T0)[0]).toMatchObject({
      name: 'w1@host',
      status: 'online',
      cpuPercent: 41.5,
      memoryBytes: 1e8,
      loopMs: 3,
      diskPercent: 70,
      pool: 'prefork',
      concurrency: 4,
      queues: ['celery', 'media'],
      startedAt: T0 - 60,
      active: 2,
      processed: 9,
      cpu: { stepSeconds: 20, points: [41.5] },
    });
  });

  it('moves a task between workers', () => {
    const monitor = monitorWith([
      workerEvent('online', 0),
      taskEvent('received', 0),
      taskEvent('started', 1),
      taskEvent('retried', 2, { exception: 'x' }),
      taskEvent('received', 3, { hostname: 'w2@host', retries: 1 }),
      taskEvent('started', 4, { hostname: 'w2@host' }),
    ]);
    expect(monitor.workers.get('w1@host')?.running.size).toBe(0);
    expect([...(monitor.workers.get('w2@host')?.running.keys() ?? [])]).toEqual(['t1']);
  });

  it('learns the queue from who sent it, or from a worker with one queue', () => {
    const monitor = monitorWith([
      workerEvent('heartbeat', 0, { queues: ['media'] }),
      taskEvent('received', 1, { uuid: 'a' }),
      taskEvent('sent', 1, { uuid: 'b', queue: 'reports' }),
    ]);
    expect(monitor.tasks.get('a')?.facts.queue).toBe('media');
    expect(monitor.tasks.get('b')?.facts.queue).toBe('reports');
    expect(monitor.queues.names().sort()).toEqual(['media', 'reports']);
  });

  it('warns of a queue that nobody consumes, and stops when somebody does', () => {
    const monitor = monitorWith([workerEvent('heartbeat', 0, { queues: ['celery'] })]);
    const samples = [{ name: 'media', messages: 7, unacked: 0 }];
    monitor.sampleQueues(samples, T0);
    monitor.sampleQueues(samples, T0 + 1);
    monitor.tick(T0 + 1);
    expect(monitor.queues.rows(T0 + 1).find(({ name }) => name === 'media')).toMatchObject({
      name: 'media',
      messages: 7,
      consumers: [],
      abandonedSince: T0,
    });
    expect(monitor.problems()).toMatchObject([{ kind: 'abandoned_queue', severity: 'warning', since: T0 }]);
    monitor.apply([workerEvent('heartbeat', 2, { queues: ['celery', 'media'] })], T0 + 2);
    monitor.sampleQueues(samples, T0 + 2);
    monitor.tick(T0 + 2);
    expect(monitor.queues.rows(T0 + 2).find(({ name }) => name === 'media')).toMatchObject({
      consumers: ['w1@host'],
      abandonedSince: null,
    });
    expect(monitor.problems()).toEqual([]);
  });

  it('does not warn while a worker has not told its queues', () => {
    const monitor = monitorWith([workerEvent('heartbeat', 0)]);
    monitor.sampleQueues([{ name: 'celery', messages: 7, unacked: null }], T0);
    expect(monitor.queues.rows(T0)[0]?.abandonedSince).toBeNull();
  });

  it('calls a task failing from three failures in five minutes on', () => {
    const monitor = new Monitor();
    const fail = (id: number, at: number) =>
      monitor.apply(
        [
          taskEvent('received', at, { uuid: `f${id}` }),
          taskEvent('failed', at, { uuid: `f${id}`, exception: "ValueError('x')" }),
        ],
        T0 + at,
      );
    fail(1, 0);
    fail(2, 1);
    monitor.tick(T0 + 2);
    expect(monitor.problems()).toEqual([]);
    fail(3, 3);
    monitor.tick(T0 + 4);
    expect(monitor.problems()).toMatchObject([
      {
        kind: 'failing',
        title: 'tasks.add fails',
        evidence: "3 of 3 runs in 5 minutes, last ValueError('x')",
        since: T0,
      },
    ]);
    monitor.tick(T0 + 400);
    expect(monitor.problems().filter(({ kind }) => kind === 'failing')).toEqual([]);
    expect(monitor.failures().map(({ uuid }) => uuid)).toEqual(['f3', 'f2', 'f1']);
  });

  it('sums up what happened in the overview', () => {
    const monitor = monitorWith([
      workerEvent('heartbeat', 0, { concurrency: 4, active: 1, queues: ['celery'] }),
    ]);
    for (let index = 0; index < 20; index += 1) {
      const uuid = `t${index}`;
      const end =
        index === 0
          ? taskEvent('failed', 3, { uuid, exception: 'x' })
          : taskEvent('succeeded', 3, { uuid, result: '1', runtime: 2 });
      monitor.apply(
        [
          taskEvent('sent', 0, { uuid }),
          taskEvent('received', 0.5, { uuid }),
          taskEvent('started', 1, { uuid }),
          end,
        ],
        T0 + 3,
      );
    }
    monitor.sampleQueues([{ name: 'celery', messages: 12, unacked: 1 }], T0 + 3);
    monitor.tick(T0 + 3);
    for (const range of ['15m', '1h', '6h', '24h', '7d'] as const) {
      const overview = monitor.overview(range, { SUCCESS: 19, FAILURE: 1 }, T0 + 4);
      expect(overview.buckets.at(-1)).toMatchObject({ success: 19, failure: 1, retry: 0 });
      expect(overview).toMatchObject({ waiting: 12, slotsTotal: 4, failedPercent: 5 });
      expect(overview.waitP50).toBeGreaterThan(0.9);
      expect(overview.waitP50).toBeLessThan(1.1);
      expect(overview.runP95).toBeGreaterThan(1.8);
      expect(overview.runP95).toBeLessThan(2.2);
      expect(overview.waitingSeries.points.at(-1)).toBe(12);
    }
  });

  it('counts nothing twice that comes from the history', () => {
    const monitor = new Monitor();
    const record = new TaskRecord('old');
    record.apply('received', taskEvent('received', 0));
    record.apply('succeeded', taskEvent('succeeded', 1, { result: '1', runtime: 1 }));
    monitor.restore(record, T0 + 2);
    expect(monitor.drain().tasks).toEqual([]);
    expect(monitor.throughput.sum(T0 + 2, 60).success).toBe(0);
    expect(monitor.names.summary('tasks.add')?.count).toBe(1);
  });
});
