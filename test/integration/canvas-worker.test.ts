import { afterAll, beforeAll, expect, test } from 'vitest';
import { Celery, ChordError, chain, chord, type TaskContext } from '../../lib/index.ts';
import { type CeleryEvent, decodeEvents } from '../../lib/protocol/event.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { LocalWorker } from '../kit/local-worker.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/* Canvases where the worker itself has a say: what it refuses to run, stores and announces. */

let redis: RedisServer;
let app: Celery;
let worker: LocalWorker;

const wait = { timeout: 10 };

beforeAll(async () => {
  redis = await startRedis();
  app = new Celery(
    'tasks',
    { broker: redis.url(0), backend: redis.url(1), result_extended: true },
    silentLogger,
  );
  worker = await new LocalWorker(app, { hostname: 'w@canvas', taskEvents: true }).start();
});

afterAll(async () => {
  await worker.stop();
  await app.close();
  await redis.stop();
});

function tasks() {
  return {
    add: app.task('t.add', (x: number, y: number) => x + y),
    total: app.task('t.total', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)),
    told: app.task('t.told', (id: string) => id),
  };
}

test('a header task that expired or was revoked fails the chord', async () => {
  const { add, total, told } = tasks();
  await app.control.revoke('revoked-member', { reply: true, timeout: 5 });
  for (const [member, reason] of [
    [add.signature([1, 1], { expires: -1 }), 'expired'],
    [add.signature([1, 1], { taskId: 'revoked-member' }), 'revoked'],
  ] as const) {
    const errback = told.signature([], { taskId: `told-${reason}` });
    const result = await chord([add.s(2, 2), member], total.s())
      .linkError(errback)
      .delay();
    const own = result.get({ ...wait, followParents: false });
    await expect(own).rejects.toThrow(ChordError);
    await expect(own).rejects.toThrow(new RegExp(`raised TaskRevokedError\\('${reason}'`));
    await expect(result.get(wait)).rejects.toMatchObject({ name: 'TaskRevokedError' });
    expect(await app.AsyncResult(`told-${reason}`).get(wait)).toBe(result.id);
  }
});

test('an errback with several parameters is told of a task that never ran', async () => {
  const { add } = tasks();
  const notes: unknown[] = [];
  const explain = app.task('t.explain', (request: TaskContext, exc: Error, traceback: string | null) =>
    notes.push([request.id, request.task, request.args, exc.name, exc.message, traceback]),
  );
  const result = await add.s(1, 2).set({ expires: -1 }).linkError(explain.s()).delay();
  await expect(result.get(wait)).rejects.toMatchObject({ name: 'TaskRevokedError' });
  const told = [result.id, 't.add', [1, 2], 'TaskRevokedError', 'expired', null];
  await expect.poll(() => notes).toEqual([told]);
});

test('a chain whose next step is revoked ends there', async () => {
  const { add } = tasks();
  await app.control.revoke('revoked-step', { reply: true, timeout: 5 });
  const result = await chain(add.s(1, 1), add.s(1).set({ taskId: 'revoked-step' }), add.s(1)).delay();
  await expect(result.get(wait)).rejects.toMatchObject({ name: 'TaskRevokedError' });
  await expect.poll(() => result.status()).toBe('REVOKED');
});

test('a replacement knows how often the task was handed on', async () => {
  const depth = app.task('t.depth', { bind: true }, (self) => self.request.replacedTaskNesting);
  const pass = app.task('t.pass', { bind: true }, (self, times: number): Promise<number> => {
    const next = times === 0 ? depth.s() : app.signature<number>('t.pass', [times - 1]);
    return self.replace(next);
  });
  expect(await (await depth.delay()).get(wait)).toBe(0);
  expect(await (await pass.delay(1)).get(wait)).toBe(2);
});

test('stamps are in the extended result and in events', async () => {
  const { add } = tasks();
  const events: CeleryEvent[] = [];
  const subscription = await (await app.transport()).subscribe('celeryev', '#', (message) => {
    events.push(...decodeEvents(message));
  });
  const result = await add.s(1, 2).stamp({ tenant: 'acme', status: 'never overwritten' }).delay();
  expect(await result.get(wait)).toBe(3);
  expect(await result.meta()).toMatchObject({ status: 'SUCCESS', name: 't.add', stamps: { tenant: 'acme' } });
  const received = (): CeleryEvent | undefined =>
    events.find(
      ({ type, ...fields }) => type === 'task-received' && Reflect.get(fields, 'uuid') === result.id,
    );
  await expect.poll(received, { timeout: 10_000 }).toMatchObject({
    stamped_headers: ['tenant', 'status'],
    stamps: { tenant: 'acme' },
  });
  await subscription.close();
});

test('tasks are revoked by their stamps', async () => {
  const { add } = tasks();
  const later = await add.signature([1, 1], { countdown: 30 }).stamp({ tenant: 'gone' }).delay();
  await later.revokeByStampedHeaders({ tenant: 'gone' }, { wait: true, timeout: 5 });
  const now = await add.s(1, 1).stamp({ tenant: 'gone' }).delay();
  await expect(now.get(wait)).rejects.toMatchObject({ name: 'TaskRevokedError' });
  expect(await (await add.s(1, 1).stamp({ tenant: 'here' }).delay()).get(wait)).toBe(2);
});
