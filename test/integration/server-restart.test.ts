import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBackend } from '../../lib/backend/open.ts';
import { encodeEvent } from '../../lib/protocol/event.ts';
import { encodeResult } from '../../lib/protocol/result.ts';
import { openTransport } from '../../lib/transport/open.ts';
import { nowSeconds } from '../../lib/util/clock.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { Dashboard } from '../../server/main.ts';
import { startDashboard } from '../kit/dashboard.ts';
import { freePort } from '../kit/free-port.ts';
import { ROOT } from '../kit/process.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

let redis: RedisServer;
let data = '';

beforeEach(async () => {
  redis = await startRedis();
  data = mkdtempSync(join(tmpdir(), 'umbel-restart-'));
});

afterEach(async () => {
  await redis.stop();
  rmSync(data, { recursive: true, force: true });
});

async function send(...events: readonly Record<string, unknown>[]): Promise<void> {
  const broker = openTransport(redis.url(0), { logger: silentLogger });
  await broker.start();
  const common = { type: '', timestamp: nowSeconds(), hostname: 'w1@host', utcoffset: 0, pid: 1, clock: 1 };
  await broker.broadcast(
    'celeryev',
    'task.multi',
    encodeEvent(events.map((event) => ({ ...common, ...event }))),
  );
  await broker.stop();
}

function received(uuid: string): Record<string, unknown> {
  return { type: 'task-received', uuid, name: 'tasks.add', args: '(1,)', kwargs: '{}', retries: 0 };
}

async function store(taskId: string, status: string, result: unknown): Promise<void> {
  const backend = openBackend(redis.url(1), { logger: silentLogger });
  await backend.start();
  const meta = {
    taskId,
    status,
    result,
    traceback: null,
    children: [],
    dateDone: '2026-11-21T07:00:00+00:00',
  };
  await backend.store({ taskId, text: encodeResult(meta) });
  await backend.stop();
}

describe('a restart of the dashboard', () => {
  it('keeps tasks and throughput, and asks the result store how unfinished ones ended', async () => {
    const options = { broker: redis.url(0), resultBackend: redis.url(1), data };
    const first = await startDashboard(options);
    await send(
      received('done'),
      { type: 'task-succeeded', uuid: 'done', result: "'x'", runtime: 0.5 },
      received('missed'),
      { type: 'task-started', uuid: 'missed' },
      received('waits'),
    );
    await first.until('/api/v1/tasks', ({ text }) =>
      ['done', 'missed', 'waits'].every((id) => text.includes(id)),
    );
    await first.stop();
    await store('missed', 'FAILURE', {
      exc_type: 'ValueError',
      exc_message: ['lost'],
      exc_module: 'builtins',
    });

    const second = await startDashboard(options);
    const missed = await second.until('/api/task/info/missed', ({ text }) => text.includes('"FAILURE"'));
    expect(missed.json).toMatchObject({ name: 'tasks.add', exception: "ValueError('lost')" });
    expect((await second.get('/api/task/info/done')).json).toMatchObject({
      state: 'SUCCESS',
      result: "'x'",
      runtime: 0.5,
    });
    expect((await second.get('/api/task/info/waits')).json).toMatchObject({ state: 'RECEIVED' });
    expect((await second.get('/api/task/types')).json).toEqual({ 'task-types': ['tasks.add'] });
    const now = nowSeconds();
    const collected = second.dashboard.collector.monitor.throughput.sum(now, 3600);
    expect(collected.success).toBe(1);
    await second.stop();
  });

  it('starts anew beside a history that it cannot read', async () => {
    writeFileSync(
      join(data, 'history.db'),
      'no database at all, but long enough to be read as one '.repeat(200),
    );
    const flower = await startDashboard({ broker: redis.url(0), data });
    expect((await flower.get('/api/tasks')).json).toEqual({});
    await flower.stop();
    expect(readdirSync(data).some((name) => name.startsWith('history.db.unreadable-'))).toBe(true);
  });

  it('leaves no file when it is to keep nothing', async () => {
    const flower = await startDashboard({ broker: redis.url(0), data, memoryOnly: true });
    await send(received('a'));
    await flower.until('/api/tasks', ({ text }) => text.includes('"a"'));
    await flower.stop();
    expect(existsSync(join(data, 'history.db'))).toBe(false);
  });
});

describe('a start that meets trouble', () => {
  it('goes on without a broker and says so', async () => {
    const port = await freePort();
    const flower = await startDashboard({ broker: `redis://127.0.0.1:${port}/0`, data });
    expect((await flower.get('/api/v1/status')).json).toMatchObject({
      isConnected: false,
      nextTryAt: expect.any(Number),
      trouble: expect.stringMatching(/^Cannot connect to redis:.*ECONNREFUSED/),
    });
    const answer = await flower.post('/api/task/send-task/x', { args: [] });
    expect(answer.status).toBe(503);
    expect(answer.json).toMatchObject({
      error: { message: `The broker redis://127.0.0.1:${port}/0 cannot be reached.` },
    });
    const late = await startRedis({ port });
    await flower.until('/api/v1/status', ({ text }) => text.includes('"isConnected":true'), 15_000);
    expect((await flower.get('/api/v1/status')).json).toMatchObject({ trouble: null });
    await flower.stop();
    await late.stop();
  });

  it('names the port that is in use', async () => {
    const first = await startDashboard({ broker: redis.url(0), data });
    const port = Number(new URL(first.origin).port);
    const second = new Dashboard(
      { broker: redis.url(0), port, memoryOnly: true },
      { env: {}, logger: silentLogger },
    );
    await expect(second.start()).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(new RegExp(`Port ${port} is in use.*--port`)),
    });
    await second.stop();
    await first.stop();
  });

  it('refuses a broker URL that can never work', async () => {
    const dashboard = new Dashboard(
      { broker: 'gopher://nowhere/0', port: 0, memoryOnly: true },
      { env: {}, logger: silentLogger },
    );
    await expect(dashboard.start()).rejects.toMatchObject({ code: 'unsupported' });
    await dashboard.stop();
  });
});

describe('the compiled history', () => {
  it('works in a thread of its own', () => {
    const script = `
      import { openHistory } from ${JSON.stringify(`${ROOT}dist/server/collector/history/open.js`)};
      const history = openHistory(${JSON.stringify(join(data, 'threaded.db'))}, true);
      await history.start();
      const row = ['a', 'tasks.add', 'FAILURE', '(1,)', '{}', null, 'w1', null, 1, 2, 3, 3, null, 0, null, 'x', null, '{}'];
      await history.write([row]);
      const page = await history.page({ filter: { text: 'tasks' }, before: null, limit: 5 });
      const list = { filter: {}, receivedFrom: null, receivedTo: null, order: 'name', isDescending: true, offset: 0, limit: 5 };
      const refused = await history.list({ ...list, search: 'state:' }).catch((error) => error.code);
      console.log(JSON.stringify([page.rows.length, await history.counts({}), refused, await history.unfinished(5)]));
      await history.stop();
      await history.stop();
      console.log(await history.get('a').catch((error) => error.code));
    `;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(output.trim().split('\n')).toEqual(['[1,{"FAILURE":1},"bad_request",[]]', 'unavailable']);
  });
});
