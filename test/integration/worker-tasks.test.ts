import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEnvelope } from '../../lib/protocol/envelope.ts';
import { taskMessage } from '../kit/messages.ts';
import { waitUntil } from '../kit/wait-until.ts';
import { WorkerBench } from '../kit/worker-bench.ts';
import { app as workerApp } from './worker-app.ts';

let bench: WorkerBench;

beforeEach(async () => {
  bench = await WorkerBench.start();
});
afterEach(() => bench.stop());

describe.each([
  ['async', ['-P', 'async', '-c', '4']],
  ['prefork', ['-P', 'prefork', '-c', '2']],
])('a worker with the %s pool', (pool, args) => {
  it('runs tasks and tells each step, in order', async () => {
    await bench.watch();
    const worker = await bench.worker('-E', ...args);
    const { app } = bench;
    const sum = await app.sendTask<number>('w.add', [2, 3]);
    expect(await sum.get({ timeout: 10 })).toBe(5);
    expect(await bench.eventsOf(sum.id, 'task-succeeded')).toEqual([
      'task-received',
      'task-started',
      'task-succeeded',
    ]);
    const failed = await app.sendTask('w.boom');
    await expect(failed.get({ timeout: 10 })).rejects.toThrow('boom');
    expect(await failed.traceback()).toContain('worker-app');
    expect(await bench.eventsOf(failed.id, 'task-failed')).toEqual([
      'task-received',
      'task-started',
      'task-failed',
    ]);
    const retried = await app.sendTask('w.again', [0.2]);
    expect(await retried.get({ timeout: 10 })).toBe(2);
    // The message of a retry is sent before the event: a child that has to connect first tells of it last.
    const told = () => bench.events.filter(({ uuid }) => uuid === retried.id).map(({ type }) => type);
    await waitUntil('every step is told', () => told().length >= 9);
    expect(told().sort()).toEqual([
      ...Array(3).fill('task-received'),
      ...Array(2).fill('task-retried'),
      ...Array(3).fill('task-started'),
      'task-succeeded',
    ]);
    const progress = await app.sendTask('w.report');
    expect(await progress.get({ timeout: 10 })).toBe('done');
    expect(await bench.eventsOf(progress.id, 'task-succeeded')).toContain('task-progress');
    expect(worker.output).toMatch(/INFO\/MainProcess\] Task w\.add\[[-0-9a-f]{36}\] received/);
    expect(worker.output).toMatch(/Task w\.add\[[-0-9a-f]{36}\] succeeded in [\d.e-]+s: 5/);
    expect(worker.output).toMatch(
      /ERROR\/MainProcess\] Task w\.boom\[.*\] raised unexpected: TypeError\('boom'\)/,
    );
    expect(worker.output).toMatch(/Task w\.again\[.*\] retry: Retry in 0\.\ds: Exception\('not yet'\)/);
  });

  it('waits for an ETA, and drops it at once when it is revoked', async () => {
    await bench.watch();
    await bench.worker('-E', ...args);
    const { app } = bench;
    const start = Date.now();
    const soon = await app.sendTask('w.add', [1, 1], { countdown: 1 });
    const far = await app.sendTask('w.add', [1, 1], { countdown: 3600 });
    expect(await soon.get({ timeout: 10 })).toBe(2);
    expect(Date.now() - start).toBeGreaterThanOrEqual(1000);
    const scheduled = Object.values(await app.control.inspect().scheduled()).flat();
    expect(scheduled).toEqual([expect.objectContaining({ priority: 6 })]);
    await far.revoke();
    await expect(far.get({ timeout: 10 })).rejects.toThrow('revoked');
    expect(await bench.eventsOf(far.id, 'task-revoked')).toEqual(['task-received', 'task-revoked']);
    const expired = await app.sendTask('w.add', [1, 1], { expires: -1 });
    await expect(expired.get({ timeout: 10 })).rejects.toThrow('expired');
    expect(await bench.eventsOf(expired.id, 'task-revoked')).toEqual(['task-revoked']);
  });

  it('terminates a running task', async () => {
    await bench.watch();
    await bench.worker('-E', ...args);
    const running = await bench.app.sendTask('w.nap', [30_000]);
    await bench.eventsOf(running.id, 'task-started');
    await running.revoke({ terminate: true });
    await expect(running.get({ timeout: 10 })).rejects.toThrow('terminated');
    expect(await bench.eventsOf(running.id, 'task-revoked')).toEqual([
      'task-received',
      'task-started',
      'task-revoked',
    ]);
    expect(bench.events.find(({ type }) => type === 'task-revoked')).toMatchObject({
      terminated: true,
      signum: 15,
    });
  });

  it('lives on after messages that no worker can use', async () => {
    const worker = await bench.worker(...args);
    const { app } = bench;
    const transport = await app.transport();
    await expect((await app.sendTask('no.such')).get({ timeout: 10 })).rejects.toThrow('no.such');
    const good = taskMessage('bad-eta');
    const broken = { ...good, headers: { ...good.headers, eta: 'tomorrow' } };
    expect(encodeEnvelope(broken, { exchange: '', routingKey: 'celery' }, 'tag')).toContain('tomorrow');
    await transport.publish({ exchange: '', routingKey: 'celery' }, broken);
    await worker.waitFor(/Received invalid task message from celery: .*eta.*tomorrow/);
    expect(worker.output).toContain("Received unregistered task of type 'no.such'.");
    expect(await (await app.sendTask('w.add', [4, 4])).get({ timeout: 10 })).toBe(8);
    expect(await bench.waiting()).toBe(0);
  });

  it('rejects, tracks and limits the rate', async () => {
    await bench.worker(...args);
    const { app } = bench;
    await expect((await app.sendTask('w.refuse')).get({ timeout: 10 })).rejects.toThrow('no');
    const tracked = await app.sendTask('w.tracked', [400]);
    await waitUntil('STARTED', async () => (await tracked.status()) === 'STARTED', 10_000);
    expect(await tracked.info()).toMatchObject({ pid: expect.any(Number), hostname: expect.any(String) });
    expect(await tracked.get({ timeout: 10 })).toBe('tracked');
    const limited = await Promise.all([1, 2, 3, 4].map(() => app.sendTask<number>('w.limited')));
    const times = (await Promise.all(limited.map((result) => result.get({ timeout: 10 })))).sort();
    expect((times[3] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(500);
  });

  it('obeys remote control', async () => {
    await bench.worker('-n', 'steered@%h', ...args);
    const { control } = bench.app;
    const inspect = control.inspect();
    const [[node = '', pong] = []] = Object.entries(await inspect.ping());
    expect(node).toMatch(/^steered@/);
    expect(pong).toEqual({ ok: 'pong' });
    const ask = { reply: true, destination: [node] };
    const [stats] = Object.values(await inspect.stats());
    const before = pool === 'async' ? 4 : 2;
    expect(stats).toMatchObject({ pool: { 'max-concurrency': before }, prefetch_count: before * 4 });
    const names = workerApp.tasks
      .names()
      .map((name) => (name === 'w.limited' ? `${name} [rate_limit=5/s]` : name));
    expect(Object.values(await inspect.registered())[0]).toEqual(names);
    expect(await control.poolGrow(2, ask)).toEqual([{ [node]: { ok: 'pool will grow' } }]);
    const [grown] = Object.values(await inspect.stats());
    expect(grown).toMatchObject({
      pool: { 'max-concurrency': before + 2 },
      prefetch_count: (before + 2) * 4,
    });
    expect(await control.poolShrink(1, ask)).toEqual([{ [node]: { ok: 'pool will shrink' } }]);
    expect(await control.addConsumer('extra', ask)).toEqual([{ [node]: { ok: 'add consumer extra' } }]);
    const extra = await bench.app.sendTask('w.add', [1, 2], { queue: 'extra' });
    expect(await extra.get({ timeout: 10 })).toBe(3);
    expect(await control.cancelConsumer('extra', ask)).toEqual([
      { [node]: { ok: 'no longer consuming from extra' } },
    ]);
    const [queues] = Object.values(await inspect.activeQueues());
    expect(queues).toEqual([
      expect.objectContaining({ name: 'celery', routing_key: 'celery', durable: true }),
    ]);
    const bound = { exchange: 'news', exchangeType: 'topic', routingKey: 'sport.#' } as const;
    await control.addConsumer('sport', { ...bound, ...ask });
    expect((await inspect.activeQueues())[node]).toContainEqual(
      expect.objectContaining({
        name: 'sport',
        exchange: expect.objectContaining({ name: 'news', type: 'topic' }),
        routing_key: 'sport.#',
      }),
    );
    await control.cancelConsumer('sport', ask);
    expect(await control.enableEvents(ask)).toEqual([{ [node]: { ok: 'task events enabled' } }]);
    expect(await control.disableEvents(ask)).toEqual([{ [node]: { ok: 'task events disabled' } }]);
    expect((await inspect.memsample())[node]).toMatch(/^[\d.]+MB$/);
    expect((await inspect.memdump())[node]).toMatch(/rss: [\d.]+MB/);
    await control.rateLimit('w.add', '1/h', ask);
    const add = (n: number) => bench.app.sendTask<number>('w.add', [n, 0]);
    const limited = [await add(1), await add(2), await add(3)];
    expect(await limited[0]?.get({ timeout: 10 })).toBe(1);
    const other = await bench.app.sendTask('w.nap', [300]);
    await other.get({ timeout: 10 });
    expect(await limited[1]?.status()).toBe('PENDING');
    await control.rateLimit('w.add', 0, ask);
    expect(await Promise.all(limited.map((result) => result.get({ timeout: 10 })))).toEqual([1, 2, 3]);
    await control.timeLimit('w.nap', { hard: 0.3 }, ask);
    await expect((await bench.app.sendTask('w.nap', [5000])).get({ timeout: 10 })).rejects.toThrow('0.3');
    const running = await bench.app.sendTask('w.late_nap', [30_000, 1]);
    await waitUntil(
      'it runs',
      async () => JSON.stringify(await inspect.active()).includes(running.id),
      10_000,
    );
    expect((await inspect.queryTask(running.id, 'unknown'))[node]).toEqual({
      [running.id]: ['active', expect.objectContaining({ id: running.id, name: 'w.late_nap' })],
    });
    expect(await control.terminate(running.id, ask)).toEqual([
      { [node]: { ok: `terminate: ${running.id}` } },
    ]);
    await expect(running.get({ timeout: 10 })).rejects.toThrow('terminated');
    await control.cancelConsumer('celery', ask);
    for (const queue of ['celery', 'celery', 'extra']) await bench.app.sendTask('w.add', [1, 1], { queue });
    expect([await control.purge(), await control.purge(), await control.purge(['extra'])]).toEqual([2, 0, 1]);
  });
});

describe('a worker with the prefork pool', () => {
  it('stops a computing task at its limit and survives a lost process', async () => {
    const worker = await bench.worker('-c', '1');
    const { app } = bench;
    await expect((await app.sendTask('w.spin', [20_000])).get({ timeout: 10 })).rejects.toThrow('1');
    expect(worker.output).toMatch(/Hard time limit \(1s\) exceeded for w\.spin\[/);
    await expect((await app.sendTask('w.exit')).get({ timeout: 10 })).rejects.toThrow(
      /exited prematurely: exitcode 3/,
    );
    expect(await (await app.sendTask('w.add', [1, 1])).get({ timeout: 10 })).toBe(2);
  });

  it('sets a message aside that takes down one process after another', async () => {
    const worker = await bench.worker('-c', '1');
    const poison = await bench.app.sendTask('w.crash');
    await expect(poison.get({ timeout: 20 })).rejects.toThrow(/exitcode 7/);
    expect(worker.output.match(/goes back to its queue/g)).toHaveLength(4);
    expect(await (await bench.app.sendTask('w.add', [1, 1])).get({ timeout: 10 })).toBe(2);
  });
});
