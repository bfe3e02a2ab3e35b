import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TasksPage } from '../../lib/contract/api.ts';
import { type Answered, startDashboard, type TestDashboard } from '../kit/dashboard.ts';
import type { TestProcess } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

/** Answers of Flower 2.0 with Celery 5.6, recorded. */
const GOLDEN: Record<string, { status: number; body: Record<string, unknown> }> = JSON.parse(
  readFileSync(new URL('./server-golden.json', import.meta.url), 'utf8'),
);
const WORKER = 'alpha@host1';

let redis: RedisServer;
let worker: TestProcess;
let flower: TestDashboard;
let urls: PythonUrls;
const ids: Record<string, string> = {};

beforeAll(async () => {
  redis = await startRedis();
  urls = { broker: redis.url(0), backend: redis.url(1) };
  flower = await startDashboard({ broker: urls.broker, resultBackend: urls.backend });
  worker = await pythonWorker(urls, ['-n', WORKER]);
  await flower.until('/api/workers', ({ text }) => text.includes('active_queues'));
  const sent = await python(
    urls,
    [
      'a = add.delay(3, 4)',
      "f = fail.delay('boom')",
      'a.get(timeout=10)',
      'f.get(timeout=10, propagate=False)',
      '[a.id, f.id]',
    ].join('\n'),
  );
  [ids['success'] = '', ids['failure'] = ''] = Array.isArray(sent) ? sent.map(String) : [];
  await flower.until(`/api/task/info/${ids['failure']}`, ({ text }) => text.includes('FAILURE'));
  await flower.until(`/api/task/info/${ids['success']}`, ({ text }) => text.includes('SUCCESS'));
});

afterAll(async () => {
  await worker?.stop();
  await flower?.stop();
  await redis?.stop();
});

/** `a: number` lines of every path in a JSON value; an array is told by its first item. */
function shape(value: unknown, path = ''): string[] {
  if (value === null || typeof value !== 'object')
    return [`${path}: ${value === null ? 'null' : typeof value}`];
  if (Array.isArray(value)) return value.length === 0 ? [`${path}: list`] : shape(value[0], `${path}[]`);
  return Object.entries(value).flatMap(([key, item]) => shape(item, `${path}.${key}`));
}

/** Same keys, and for each the same type, null being of every type. */
function expectShape(actual: unknown, expected: unknown): void {
  const [ours, theirs] = [actual, expected].map(
    (value) => new Map(shape(value).map((line) => line.split(': ') as [string, string])),
  );
  expect([...(ours?.keys() ?? [])].sort()).toEqual([...(theirs?.keys() ?? [])].sort());
  for (const [path, type] of theirs ?? []) {
    const our = ours?.get(path);
    if (our !== 'null' && type !== 'null') expect(`${path}: ${our}`).toBe(`${path}: ${type}`);
  }
}

function expectGolden(answer: Answered, name: string): void {
  expect(answer.status).toBe(GOLDEN[name]?.status);
  expectShape(answer.json, GOLDEN[name]?.body);
}

const firstOf = (value: unknown): unknown =>
  Object.values(value !== null && typeof value === 'object' ? value : {})[0];

describe("Flower's API", () => {
  it('lists tasks in its shape, newest first', async () => {
    const answer = await flower.get('/api/tasks?limit=30');
    expect(answer.status).toBe(200);
    expectShape(
      { ...(firstOf(answer.json) ?? {}), children: [] },
      { ...(firstOf(GOLDEN['tasks']?.body) ?? {}), children: [] },
    );
    const times = Object.values(answer.json ?? {}).map((task) => task.timestamp);
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  it('filters, sorts, pages and searches tasks', async () => {
    const uuids = async (query: string) => Object.keys((await flower.get(`/api/tasks?${query}`)).json ?? {});
    expect(await uuids('state=FAILURE')).toEqual([ids['failure']]);
    expect(await uuids('taskname=py.add')).toEqual([ids['success']]);
    expect(await uuids(`workername=${WORKER}&limit=10`)).toHaveLength(2);
    expect(await uuids('workername=All&state=All')).toHaveLength(2);
    expect(await uuids('sort_by=name')).toEqual([ids['success'], ids['failure']]);
    expect(await uuids('sort_by=-name&limit=1&offset=1')).toEqual([ids['success']]);
    expect(await uuids('search=state%3AFAILURE%20OR%20args%3A%223,%204%22&sort_by=name')).toEqual([
      ids['success'],
      ids['failure'],
    ]);
    expect(await uuids('search=boom')).toEqual([ids['failure']]);
    expect(await uuids('received_start=2020-01-01%2000%3A00')).toHaveLength(2);
    expect(await uuids('received_end=2020-01-01%2000%3A00')).toEqual([]);
  });

  it('tells of one task', async () => {
    for (const outcome of ['success', 'failure']) {
      const answer = await flower.get(`/api/task/info/${ids[outcome]}`);
      expect(answer.status).toBe(200);
      const golden = { ...GOLDEN[`task-info-${outcome}`]?.body, children: [] };
      expectShape({ ...Object(answer.json), children: [] }, golden);
    }
  });

  it('tells results', async () => {
    expect((await flower.get(`/api/task/result/${ids['success']}`)).json).toEqual({
      'task-id': ids['success'],
      state: 'SUCCESS',
      result: 7,
    });
    expectGolden(await flower.get(`/api/task/result/${ids['failure']}?timeout=2`), 'result-failure');
    expect((await flower.get('/api/task/result/no-such-task')).json).toEqual(GOLDEN['result-unknown']?.body);
  });

  it('knows task types and queues', async () => {
    expect((await flower.get('/api/task/types')).json).toEqual({ 'task-types': ['py.add', 'py.fail'] });
    expect((await flower.get('/api/queues/length')).json).toEqual({
      active_queues: [{ name: 'celery', messages: 0 }],
    });
  });

  it('tells of workers', async () => {
    expect((await flower.get('/api/workers?status=1')).json).toEqual({ [WORKER]: true });
    const answer = await flower.get(`/api/workers?refresh=1&workername=${WORKER}`);
    expect(answer.status).toBe(200);
    expect(Object.keys(Object(firstOf(answer.json))).sort()).toEqual(
      Object.keys(Object(firstOf(GOLDEN['workers-one']?.body))).sort(),
    );
    expect(firstOf(answer.json)).toMatchObject({
      active_queues: [{ name: 'celery', routing_key: 'celery' }],
    });
  });

  it('sends tasks', async () => {
    expectGolden(await flower.post('/api/task/send-task/py.add', { args: [5, 6] }), 'send-task');
    expectGolden(
      await flower.post('/api/task/async-apply/py.add', { args: [5, 6], countdown: 0.1 }),
      'async-apply',
    );
    const applied = await flower.post('/api/task/apply/py.mul', { args: [5, 6] });
    expectGolden(applied, 'apply');
    expect(applied.json).toMatchObject({ result: 30, state: 'SUCCESS' });
    const failed = await flower.post('/api/task/apply/py.fail', { args: ['no'] });
    expect(failed.json).toMatchObject({ state: 'FAILURE', result: "ValueError('no')" });
  });

  it('steers workers and keeps what they answered', async () => {
    const pool = `/api/worker/pool`;
    expect((await flower.post(`${pool}/grow/${WORKER}?n=1`)).json).toEqual({
      message: `Growing '${WORKER}' worker's pool by 1`,
    });
    await flower.until('/api/workers', ({ text }) => /"processes":\[\d+,\d+,\d+\]/.test(text));
    expect((await flower.post(`${pool}/shrink/${WORKER}?n=1`)).json).toEqual({
      message: `Shrinking '${WORKER}' worker's pool by 1`,
    });
    const queue = `/api/worker/queue`;
    expect((await flower.post(`${queue}/add-consumer/${WORKER}?queue=extra`)).json).toEqual(
      GOLDEN['add-consumer']?.body,
    );
    await flower.until('/api/workers', ({ text }) => text.includes('"name":"extra"'));
    expect((await flower.post(`${queue}/cancel-consumer/${WORKER}?queue=extra`)).json).toEqual(
      GOLDEN['cancel-consumer']?.body,
    );
    expect(
      (await flower.post(`/api/task/rate-limit/py.add?workername=${WORKER}&ratelimit=200/m`)).json,
    ).toEqual(GOLDEN['rate-limit']?.body);
    expect(
      (await flower.post('/api/task/timeout/py.add', { workername: WORKER, soft: 30, hard: 100 })).json,
    ).toEqual(GOLDEN['timeout']?.body);
    const refused = await flower.post(`${pool}/autoscale/${WORKER}?min=1&max=4`);
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({
      error: { message: expect.stringContaining('Autoscale not enabled') },
    });
  });

  it('revokes', async () => {
    const sleeping = await flower.post('/api/task/send-task/py.sleep', { args: [60] });
    const id = String(Object(sleeping.json)['task-id']);
    await flower.until(`/api/task/info/${id}`, ({ text }) => text.includes('"STARTED"'));
    expect((await flower.post(`/api/task/revoke/${id}?terminate=true`)).json).toEqual({
      message: `Revoked '${id}'`,
    });
    await flower.until(`/api/task/info/${id}`, ({ text }) => text.includes('"REVOKED"'));
    expect((await flower.post('/api/task/revoke/no-such-task')).status).toBe(200);
  });

  it.each([
    ['GET', '/api/task/info/no-such-task', undefined, 404],
    ['GET', '/api/workers?workername=nobody@host1', undefined, 404],
    ['GET', '/api/tasks?search=state%3A', undefined, 400],
    ['GET', '/api/tasks?limit=many', undefined, 400],
    ['GET', '/api/tasks?sort_by=nonsense', undefined, 400],
    ['GET', '/api/tasks?received_start=yesterday', undefined, 400],
    ['GET', '/api/nothing', undefined, 404],
    ['POST', '/api/worker/pool/grow/alpha@host1?n=abc', undefined, 400],
    ['POST', '/api/worker/pool/grow/nobody@host1?n=1', undefined, 404],
    ['POST', '/api/worker/shutdown/nobody@host1', undefined, 404],
    ['POST', '/api/worker/queue/add-consumer/alpha@host1', undefined, 400],
    ['POST', '/api/task/async-apply/py.add', { args: 'nope' }, 400],
    ['POST', '/api/task/async-apply/py.add', { args: [1, 2], eta: 'tomorrow' }, 400],
    ['POST', '/api/task/async-apply/py.add', '{"args": [1', 400],
    ['POST', '/api/task/async-apply/no.such', { args: [] }, 404],
    ['POST', '/api/task/apply/no.such', { args: [] }, 404],
    ['POST', '/api/task/rate-limit/no.such?workername=alpha@host1&ratelimit=1/s', undefined, 404],
    ['POST', '/api/task/send-task/py.add', `{"args":["${'x'.repeat(1_100_000)}"]}`, 413],
    ['POST', '/api/tasks', undefined, 405],
  ])('%s %s is refused with a reason', async (method, path, body, status) => {
    const answer = method === 'GET' ? await flower.get(path) : await flower.post(path, body);
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({
      error: { code: expect.any(String), message: expect.stringMatching(/\w/) },
    });
  });
});

describe('our API', () => {
  it('pages tasks by filter', async () => {
    const answer = await flower.get('/api/v1/tasks?name=py.fail&limit=1');
    const page: TasksPage = JSON.parse(answer.text);
    expect(page.rows).toHaveLength(1);
    expect(page.rows[0]).toMatchObject({ name: 'py.fail', state: 'FAILURE', worker: WORKER });
    const rest: TasksPage = JSON.parse(
      (await flower.get(`/api/v1/tasks?name=py.fail&before=${page.cursor}`)).text,
    );
    expect(rest.rows.map(({ uuid }) => uuid)).not.toContain(page.rows[0]?.uuid);
    expect((await flower.get('/api/v1/tasks?limit=501')).status).toBe(400);
  });

  it('sends a task again with the arguments that are known', async () => {
    const answer = await flower.post(`/api/v1/tasks/${ids['success']}/retry`);
    expect(answer.json).toEqual({ 'task-id': expect.any(String), state: 'PENDING' });
    const id = String(Object(answer.json)['task-id']);
    expect(id).not.toBe(ids['success']);
    const done = await flower.until(`/api/task/info/${id}`, ({ text }) => text.includes('SUCCESS'));
    expect(done.json).toMatchObject({
      name: 'py.add',
      args: '(3, 4)',
      result: '7',
      sent: expect.any(Number),
    });
    const edited = await flower.post(`/api/v1/tasks/${ids['success']}/retry`, { args: [10, 20], kwargs: {} });
    const other = String(Object(edited.json)['task-id']);
    await flower.until(`/api/task/result/${other}`, ({ text }) => text.includes('30'));
  });

  it('does not guess arguments that were shortened', async () => {
    const sent = await flower.post('/api/task/apply/py.echo', { args: ['x'.repeat(5000)] });
    const id = String(Object(sent.json)['task-id']);
    await flower.until(`/api/task/info/${id}`, ({ text }) => text.includes('SUCCESS'));
    const answer = await flower.post(`/api/v1/tasks/${id}/retry`);
    expect(answer.status).toBe(409);
    expect(answer.json).toMatchObject({ error: { code: 'conflict' } });
    expect((await flower.post('/api/v1/tasks/unknown/retry')).status).toBe(404);
  });

  it('says how it is', async () => {
    expect((await flower.get('/api/v1/status')).json).toMatchObject({
      isConnected: true,
      workersOnline: 1,
      isReadOnly: false,
    });
    expect((await flower.get('/healthcheck')).text).toBe('OK');
  });
});

describe('the end of a worker', () => {
  it('is asked for and seen', async () => {
    expect((await flower.post(`/api/worker/shutdown/${WORKER}`)).json).toEqual(
      GOLDEN['worker-shutdown']?.body,
    );
    await flower.until('/api/workers?status=1', ({ text }) => text === `{"${WORKER}":false}`);
  });
});
