import { Redis } from 'ioredis';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type {
  ClientToServer,
  DeltaMessage,
  ServerToClient,
  SubscribeAnswer,
} from '../../lib/contract/live.ts';
import { encodeEvent } from '../../lib/protocol/event.ts';
import { openTransport } from '../../lib/transport/open.ts';
import type { Transport } from '../../lib/transport/transport.ts';
import { nowSeconds } from '../../lib/util/clock.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { startDashboard, type TestDashboard } from '../kit/dashboard.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';

type Page = Socket<ServerToClient, ClientToServer>;

let redis: RedisServer;
let flower: TestDashboard;
let broker: Transport;
const pages: Page[] = [];

beforeAll(async () => {
  redis = await startRedis();
  flower = await startDashboard({ broker: redis.url(0) });
  broker = openTransport(redis.url(0), { logger: silentLogger });
  await broker.start();
});

afterEach(() => {
  for (const page of pages.splice(0)) page.disconnect();
});

afterAll(async () => {
  await broker?.stop();
  await flower?.stop();
  await redis?.stop();
});

interface OpenPage {
  readonly page: Page;
  readonly deltas: DeltaMessage[];
}

async function openPage(): Promise<OpenPage> {
  const page: Page = io(flower.origin, { transports: ['websocket'] });
  pages.push(page);
  const deltas: DeltaMessage[] = [];
  page.on('delta', (message) => deltas.push(message));
  await new Promise<void>((resolve) => page.once('connect', resolve));
  return { page, deltas };
}

/** Asks for anything, also for what the types forbid. */
function subscribe(page: Page, request: object): Promise<SubscribeAnswer> {
  return page.timeout(5000).emitWithAck('subscribe', JSON.parse(JSON.stringify(request)));
}

function task(kind: string, uuid: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { type: `task-${kind}`, uuid, name: 'tasks.add', args: '()', kwargs: '{}', retries: 0, ...fields };
}

async function send(...events: readonly Record<string, unknown>[]): Promise<void> {
  const common = { type: '', timestamp: nowSeconds(), hostname: 'w1@host', utcoffset: 0, pid: 1, clock: 1 };
  const batch = events.map((event) => ({ ...common, ...event }));
  await broker.broadcast('celeryev', 'task.multi', encodeEvent(batch));
}

async function until(isReached: () => boolean, timeoutMs = 5000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!isReached()) {
    if (Date.now() > deadline) throw new Error('it did not come in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function rowsOf(deltas: readonly DeltaMessage[], key: string): Map<string, string> {
  const rows = new Map<string, string>();
  for (const { key: room, data } of deltas) {
    if (room !== key || !('changed' in data) || !('counts' in data)) continue;
    for (const row of data.changed) rows.set(row.uuid, row.state);
    for (const uuid of data.removed) rows.delete(uuid);
  }
  return rows;
}

describe('live rooms', () => {
  it('give a snapshot and then deltas with the numbers that follow, for all rooms at once', async () => {
    const { page, deltas } = await openPage();
    const rooms = [
      { room: 'status' },
      { room: 'overview', range: '1h' },
      { room: 'tasks', filter: {} },
      { room: 'workers' },
      { room: 'queues' },
    ];
    const first = new Map<string, number>();
    for (const request of rooms) {
      const answer = await subscribe(page, request);
      if (!answer.ok) throw new Error(answer.message);
      first.set(answer.key, answer.seq);
    }
    for (let round = 0; round < 12; round += 1) {
      await send(
        { type: 'worker-heartbeat', freq: 2, active: 0, processed: round },
        task('received', `many-${round}`),
      );
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await until(() => rowsOf(deltas, 'tasks:').size === 12);
    for (const [key, seq] of first) {
      const numbers = deltas.filter((delta) => delta.key === key).map((delta) => delta.seq);
      expect(numbers.length, key).toBeGreaterThan(1);
      expect(numbers, key).toEqual(numbers.map((_, index) => seq + 1 + index));
    }
  });

  it('hold what changed and nothing else', async () => {
    const { page, deltas } = await openPage();
    await send(task('received', 'old'));
    await flower.until('/api/v1/tasks', ({ text }) => text.includes('"old"'));
    const answer = await subscribe(page, { room: 'tasks', filter: { state: 'RECEIVED' } });
    expect(answer).toMatchObject({ ok: true, key: 'tasks:state=RECEIVED' });
    await send(task('received', 'new'), task('succeeded', 'other', { result: '1', runtime: 1 }));
    await until(() => rowsOf(deltas, 'tasks:state=RECEIVED').has('new'));
    expect([...rowsOf(deltas, 'tasks:state=RECEIVED').keys()]).toEqual(['new']);
    await send(task('started', 'new'), task('started', 'old'));
    await until(() => deltas.some(({ data }) => 'removed' in data && data.removed.includes('old')));
    expect(rowsOf(deltas, 'tasks:state=RECEIVED').size).toBe(0);
  });

  it('are shared by viewers of the same filter, however it is written', async () => {
    const [one, two] = [await openPage(), await openPage()];
    const a = await subscribe(one.page, { room: 'tasks', filter: { name: 'x', state: 'FAILURE' } });
    const b = await subscribe(two.page, {
      room: 'tasks',
      filter: { state: ' FAILURE ', name: 'x', worker: '' },
    });
    expect(a.ok && b.ok && a.key === b.key).toBe(true);
  });

  it('show one task as it goes', async () => {
    const { page, deltas } = await openPage();
    expect(await subscribe(page, { room: 'task', uuid: 'mine' })).toMatchObject({ ok: true, snapshot: null });
    await send(task('received', 'mine'));
    await until(() => deltas.length > 0);
    await send(task('started', 'mine'));
    await send(task('progress', 'mine', { meta: { current: 40, total: 100, step: 'frames' } }));
    await until(() => deltas.some(({ data }) => 'progress' in data && data.progress !== null));
    await send(task('succeeded', 'mine', { result: "'ok'", runtime: 1 }));
    await until(() => deltas.some(({ data }) => 'state' in data && data.state === 'SUCCESS'));
    const last = deltas.at(-1)?.data;
    expect(last).toMatchObject({
      uuid: 'mine',
      result: "'ok'",
      progress: { current: 40, total: 100, text: 'frames' },
      call: { source: 'text', args: [], kwargs: {} },
    });
  });

  it('are left, and cost nothing then', async () => {
    const { page, deltas } = await openPage();
    const answer = await subscribe(page, { room: 'status' });
    if (!answer.ok) throw new Error(answer.message);
    page.emit('unsubscribe', answer.key);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const count = deltas.length;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(deltas.length).toBe(count);
  });

  it('refuse what is no room, and more than twenty of them', async () => {
    const { page } = await openPage();
    for (const request of [
      {},
      { room: 'nope' },
      { room: '__proto__' },
      { room: 'overview', range: '1y' },
      { room: 'task', uuid: 'x'.repeat(300) },
      { room: 'tasks', filter: { text: 'x'.repeat(600) } },
      { room: 'tasks', filter: 'all' },
      { room: 'worker', name: { $ne: 1 } },
    ]) {
      expect(await subscribe(page, request)).toEqual({
        ok: false,
        code: 'bad_request',
        message: 'There is no such room.',
      });
    }
    for (let index = 0; index < 20; index += 1) {
      expect(await subscribe(page, { room: 'tasks', filter: { text: `filter ${index}` } })).toMatchObject({
        ok: true,
      });
    }
    expect(await subscribe(page, { room: 'status' })).toMatchObject({ ok: false, code: 'conflict' });
    expect(await subscribe(page, { room: 'tasks', filter: { text: 'filter 3' } })).toMatchObject({
      ok: true,
    });
  });

  it('survive nonsense and messages that are too large', async () => {
    const { page } = await openPage();
    const emit: (event: string, ...args: unknown[]) => unknown = page.emit.bind(page) as never;
    emit('subscribe');
    emit('subscribe', { room: 'status' });
    emit('subscribe', null, 'not a function');
    emit('unsubscribe', { key: 1 });
    emit('nothing', { a: 1 });
    expect(await subscribe(page, { room: 'status' })).toMatchObject({ ok: true });
    const cut = new Promise<void>((resolve) => page.once('disconnect', () => resolve()));
    emit('unsubscribe', 'x'.repeat(200_000));
    await cut;
    expect((await flower.get('/healthcheck')).text).toBe('OK');
  });
});

describe('strangers on the event channel', () => {
  it('change nothing', async () => {
    const stranger = new Redis(redis.url(0), { lazyConnect: true });
    await stranger.connect();
    const envelope = (body: string, type = 'application/json') =>
      JSON.stringify({
        body: Buffer.from(body).toString('base64'),
        'content-type': type,
        'content-encoding': 'utf-8',
        headers: {},
        properties: { body_encoding: 'base64', delivery_info: { exchange: 'celeryev', routing_key: 'x' } },
      });
    const pickle = 'gASVCAAAAAAAAACMBHRlc3SULg==';
    for (const text of [
      'garbage',
      '{}',
      '[]',
      'null',
      envelope('garbage'),
      envelope('{"type":"task-received","uuid":"x"}'),
      envelope('[null, 7, [], {"type": 1}]'),
      envelope(pickle, 'application/x-python-serialize'),
      envelope(`${'['.repeat(3000)}`),
      envelope(
        `{"type":"task-received","uuid":"p","hostname":"w","timestamp":1,"__proto__":{"polluted":true}}`,
      ),
    ]) {
      await stranger.publish('/0.celeryev/task.received', text);
    }
    await stranger.quit();
    await send(task('received', 'honest'));
    await flower.until('/api/task/info/honest', ({ status }) => status === 200);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

describe('the loss of the broker', () => {
  it('is told, and ends with its return', async () => {
    const { page, deltas } = await openPage();
    await subscribe(page, { room: 'status' });
    await redis.stop();
    const isConnected = (wanted: boolean) => () => {
      const last = deltas.at(-1)?.data;
      return last !== undefined && 'isConnected' in last && last.isConnected === wanted;
    };
    await until(isConnected(false), 10_000);
    expect((await flower.get('/api/tasks')).status).toBe(200);
    expect((await flower.post('/api/task/revoke/x')).status).toBe(503);
    await redis.restart();
    await until(isConnected(true), 15_000);
    await broker.stop();
    broker = openTransport(redis.url(0), { logger: silentLogger });
    await broker.start();
    await send(task('received', 'after'));
    await flower.until('/api/task/info/after', ({ status }) => status === 200);
  });
});
