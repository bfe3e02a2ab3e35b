import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyResult, type Celery, ChordError, chord, GroupResult, group } from '../../lib/index.ts';
import { type MixedWorkers, startMixedWorkers } from '../kit/mixed-workers.ts';
import { python } from '../kit/python.ts';
import { startRedis } from '../kit/redis-server.ts';
import { RESULT_STORES, type ResultStore } from '../kit/result-stores.ts';
import type { TestServer } from '../kit/servers.ts';

/*
 * States, extended results, groups and failing chords where results are only read: a client and a worker of each
 * language, who share the rows. The canvases themselves are in matrix.test.ts.
 */

const SIDES = [['py'], ['ts']] as const;
const CONF = { result_chord_retry_interval: 0.2, result_extended: true, task_track_started: true };
const wait = { timeout: 30 };
const LIMIT = { timeout: 60_000 };

describe.each(RESULT_STORES)('workers with results in $name', ({ start }) => {
  let store: ResultStore;
  let redis: TestServer;
  let workers: MixedWorkers;
  let app: Celery;

  beforeAll(async () => {
    [store, redis] = [await start(), await startRedis()];
    const place = { broker: redis.url(), backend: store.url(), pythonBackend: store.pythonUrl() };
    workers = await startMixedWorkers('rows', place, CONF);
    ({ app } = workers);
  }, 120_000);

  afterAll(async () => {
    await workers.stop();
    await redis.stop();
    await store.stop();
  }, 60_000);

  const call = (side: string, task: string, ...args: unknown[]) =>
    app.signature<never>(`${side}.${task}`, args, { queue: side });
  const asPython = (source: string): Promise<unknown> => python(workers.urls, source, 60_000);

  test.each(SIDES)('a task on %s: its states, and the rest of its row', LIMIT, async (side) => {
    const states: string[] = [];
    const result = await call(side, 'progress', 4).applyAsync();
    expect(await result.get({ ...wait, onMessage: ({ status }) => states.push(status) })).toBe('done');
    expect(states).toEqual(expect.arrayContaining(['PROGRESS', 'SUCCESS']));
    const row = { name: `${side}.progress`, args: [4], kwargs: {}, queue: side, retries: 0 };
    const [seen, read] = (await asPython(`import time
r, seen = app.send_task("${side}.progress", (4,), queue="${side}"), set()
while "SUCCESS" not in seen: seen.add(r.state); time.sleep(0.02)
r = app.AsyncResult("${result.id}")
[list(seen), {"name": r.name, "args": list(r.args), "kwargs": r.kwargs, "queue": r.queue, "retries": r.retries, "worker": r.worker, "done": str(r.date_done)}]`)) as [
      string[],
      { done: string },
    ];
    expect(seen).toEqual(expect.arrayContaining(['PROGRESS', 'SUCCESS']));
    expect(read).toMatchObject({ ...row, worker: `${side}@rows` });
    const meta = await (await app.backend()).get(result.id);
    expect(meta).toMatchObject({ ...row, worker: `${side}@rows`, status: 'SUCCESS', result: 'done' });
    // Python leaves the zone out, and means UTC.
    const doneMs = Date.parse(/[+Z]/.test(read.done) ? read.done : `${read.done}Z`);
    expect(Math.abs(Date.parse(meta?.dateDone ?? '') - doneMs)).toBeLessThan(1000);
    expect(Math.abs(doneMs - Date.now())).toBeLessThan(60_000);
  });

  test.each(SIDES)('a task on %s that is tried again, is started or is revoked', LIMIT, async (side) => {
    const retried = await call(side, 'flaky', 2).applyAsync();
    expect(await retried.get(wait)).toBe(2);
    expect(await (await app.backend()).get(retried.id)).toMatchObject({ retries: 2 });
    const slow = await call(side, 'sleep', 1.5).applyAsync();
    await expect.poll(() => slow.status(), { timeout: 10_000 }).toBe('STARTED');
    expect(await slow.get(wait)).toBe('slept');
    const late = await call(side, 'add', 1, 2).applyAsync([], { countdown: 3 });
    await late.revoke();
    await expect(late.get(wait)).rejects.toMatchObject({ name: 'TaskRevokedError' });
    const ids = JSON.stringify([retried.id, slow.id, late.id]);
    expect(await asPython(`[app.AsyncResult(id).state for id in ${ids}]`)).toEqual([
      'SUCCESS',
      'SUCCESS',
      'REVOKED',
    ]);
  });

  test.each(SIDES)('a chord on %s with a failing header tells both languages', LIMIT, async (side) => {
    const told = call('ts', 'told').set({ taskId: `told-${side}` });
    const header = [call(side, 'add', 1, 1), call(side, 'fail', 'in a header')];
    const joined = await chord(header, call(side, 'tsum').linkError(told)).applyAsync();
    const own = joined.get({ ...wait, followParents: false });
    await expect(own).rejects.toThrow(ChordError);
    // Celery 5.2 leaves out which task it was.
    await expect(own).rejects.toThrow(/^(Dependency \S+ raised )?ValueError\('in a header'/);
    expect(await app.AsyncResult(`told-${side}`).get(wait)).toBe(`told of ${joined.id}`);
    expect(
      await asPython(
        `r = app.AsyncResult("${joined.id}")\n[r.state, type(r.result).__name__, str(r.result)]`,
      ),
    ).toEqual(['FAILURE', 'ChordError', expect.stringContaining("ValueError('in a header'")]);
  });

  test.each(SIDES)('a group on %s is saved by one and restored by the other', LIMIT, async (side) => {
    const result = (await group(
      call(side, 'add', 1, 1),
      group(call(side, 'add', 2, 2), call(side, 'add', 3, 3)),
    ).applyAsync()) as GroupResult;
    await result.save();
    const source = `
r = app.GroupResult.restore("${result.id}")
g = group(app.signature("${side}.add", (n, n), queue="${side}") for n in (5, 6)).apply_async()
g.save()
[r.get(timeout=30), g.id]`;
    const [values, id] = (await asPython(source)) as [number[], string];
    expect(values).toEqual([2, 4, 6]);
    await result.delete();
    expect(await app.restoreGroup(result.id)).toBeNull();
    const restored = await app.restoreGroup(id);
    expect(restored).toBeInstanceOf(GroupResult);
    expect(await (restored as AnyResult).get(wait)).toEqual([10, 12]);
  });

  test('a header task whose result nobody wants is waited for all the same', LIMIT, async () => {
    const unkept = (n: number) => call('ts', 'add', n, n).set({ ignoreResult: true });
    const sent = await chord([unkept(1), call('ts', 'add', 2, 2)], call('ts', 'tsum')).applyAsync();
    expect(await sent.get(wait)).toBe(6);
    const source = `
def s(name, *args): return app.signature(name, args=args, queue="ts")
chord([s("ts.add", 1, 1).set(ignore_result=True), s("ts.add", 3, 3)], s("ts.tsum")).apply_async().get(timeout=30)`;
    expect(await asPython(source)).toBe(8);
    const { id } = await unkept(1).applyAsync();
    await workers.tsWorker.waitFor(new RegExp(`ts\\.add\\[${id}\\] succeeded`));
    expect(await app.AsyncResult(id).status()).toBe('PENDING');
  });

  test('a chord does not grow', LIMIT, async () => {
    const header = [call('ts', 'one_more', 1), call('ts', 'add', 2, 2)];
    const joined = await chord(header, call('ts', 'tsum')).applyAsync();
    await expect(joined.get(wait)).rejects.toThrow(/A chord can only grow where the backend counts/);
    expect(workers.tsWorker.output).not.toMatch(/is not stored/);
  });
});
