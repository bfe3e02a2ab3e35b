import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { io, type Socket } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClientToServer, RoomRequest, ServerToClient } from '../../lib/contract/live.ts';
import { Celery } from '../../lib/index.ts';
import { freePort } from '../kit/free-port.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { celery, type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { type RedisServer, startRedis } from '../kit/redis-server.ts';
import { CANARIES, leaks, PLAIN_TEXTS, QUERY_SHAPES, SETTINGS, seen, TEXT_SHAPES } from '../kit/secrets.ts';
import { waitUntil } from '../kit/wait-until.ts';

/*
 * Secrets of every shape go in through the settings, the URLs, the arguments, results and errors of tasks, with workers
 * of both kinds; nothing that is printed, logged, answered or shown may have one.
 */

const PASSWORD = `${CANARIES[0]}@/%'":#?&;${CANARIES[1]}`;
/** As a task's argument, error or output. */
const TEXTS = [
  ...TEXT_SHAPES.map((shape) => shape(`${CANARIES[0]}@'"${CANARIES[1]}`)),
  ...PLAIN_TEXTS,
  ...QUERY_SHAPES,
];
const APP = 'test/integration/secrets-app.mjs';

let redis: RedisServer;
let urls: PythonUrls;
let env: Record<string, string>;
let ours: TestProcess;
let theirs: TestProcess;
let dashboard: TestProcess;
let events: TestProcess;
let origin: string;
let app: Celery;
const ids: string[] = [];

beforeAll(async () => {
  redis = await startRedis();
  const admin = new Redis(redis.url());
  await admin.config('SET', 'requirepass', PASSWORD);
  admin.disconnect();
  const url = (db: number): string =>
    `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}/${db}`;
  urls = {
    broker: url(0),
    backend: url(1),
    queue: 'py',
    conf: {
      ...SETTINGS,
      broker_read_url: `${url(0)};amqp://u:${CANARIES[0]}"${CANARIES[1]}@h//`,
      broker_write_url: url(0),
    },
  };
  const { broker_transport_options, result_backend_transport_options, database_engine_options } = SETTINGS;
  const settings = { broker_transport_options, result_backend_transport_options, database_engine_options };
  env = { CELERY_BROKER_URL: url(0), CELERY_RESULT_BACKEND: url(1), SETTINGS: JSON.stringify(settings) };
  const port = await freePort();
  origin = `http://localhost:${port}`;
  dashboard = umbel(['flower', '--port', String(port), '--memory-only', '-l', 'debug'], { env });
  await dashboard.waitFor(/Ctrl-C stops it/);
  events = umbel(['events', '--dump'], { env });
  await events.waitFor(/starting capture/);
  const started = umbel(['-A', APP, 'worker', '-l', 'debug', '-c', '2', '-n', 'ours@box', '-E'], { env });
  [ours, theirs] = [started, await pythonWorker(urls, ['-n', 'theirs@box', '-E'])];
  await ours.waitFor(/ready\./);
  app = new Celery('client', { broker: url(0), backend: url(1) });
  await runTasks();
}, 90_000);

afterAll(async () => {
  await app?.close();
  for (const child of [events, ours, theirs, dashboard]) await child?.stop();
  await redis?.stop();
}, 60_000);

async function runTasks(): Promise<void> {
  const dict = { password: PASSWORD, nested: [{ api_key: PASSWORD, url: `redis://:${PASSWORD}@h` }] };
  for (const text of TEXTS) {
    const sent = await Promise.all([
      app.sendTask('sec.echo', [text, dict], { kwargs: { text, token: PASSWORD } }),
      app.sendTask('sec.fail', [text]),
      app.sendTask('sec.say', [text]),
      app.sendTask('py.echo', [text, dict], { queue: 'py', kwargs: { text, token: PASSWORD } }),
      app.sendTask('py.fail', [text], { queue: 'py' }),
    ]);
    ids.push(...sent.map(({ id }) => id));
  }
  ids.push((await app.sendTask('sec.later', [TEXTS[9] ?? ''])).id);
  // A process of the pool ends on this one.
  ids.push((await app.sendTask('sec.crash', [`connect redis://:${PASSWORD}@h failed`])).id);
  await python(
    urls,
    `[py.AsyncResult(id).get(timeout=60, propagate=False) and 1 for id in ${JSON.stringify(ids)}]`.replace(
      'py.AsyncResult',
      'app.AsyncResult',
    ),
    90_000,
  );
}

async function get(path: string): Promise<string> {
  const response = await fetch(origin + path);
  return response.text();
}

/** Runs a command to its end and returns what it printed. */
async function say(args: readonly string[], more: Record<string, string> = env): Promise<string> {
  const command = umbel(args, { env: more });
  await command.ended(60_000);
  return command.output;
}

describe('secrets are nowhere', () => {
  it('in the logs of the worker, of its processes and of the dashboard', async () => {
    await ours.waitFor(/Worker exited|WorkerLostError/i);
    expect(ours.output).toContain('sec.fail');
    expect(ours.output).toContain('redis://:********@127.0.0.1');
    expect(leaks(ours.output)).toEqual([]);
    expect(leaks(dashboard.output)).toEqual([]);
  });

  it('in the process list', () => {
    const mine = new Set([ours, dashboard, events].map(({ child }) => child.pid));
    const commands = readdirSync('/proc')
      .filter((pid) => /^\d+$/.test(pid))
      .flatMap((pid) => {
        const parent = Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1]);
        return mine.has(Number(pid)) || mine.has(parent) ? [read(`/proc/${pid}/cmdline`)] : [];
      });
    expect(commands.length).toBeGreaterThan(4);
    expect(commands.filter((command) => seen(command).length > 0)).toEqual([]);
  });

  it('in what commands print', async () => {
    const stay = await app.sendTask('sec.sleep', [60_000, { url: TEXTS[0], password: PASSWORD }]);
    const eta = await app.sendTask('py.echo', TEXTS, {
      queue: 'py',
      countdown: 60,
      kwargs: { password: PASSWORD },
    });
    const isActive = async (): Promise<boolean> => (await say(['inspect', 'active', '-j'])).includes(stay.id);
    await waitUntil('the task runs', isActive, 10_000);
    const commands = [
      ['-A', APP, 'report'],
      ['-A', APP, 'report', '-j'],
      ...['conf', 'stats', 'report', 'active', 'scheduled', 'reserved', 'registered'].map((word) => [
        'inspect',
        word,
      ]),
      ['inspect', 'conf', 'true', '-j'],
      ['inspect', 'stats', '-j'],
      ['inspect', 'query_task', stay.id, eta.id],
      ['-A', APP, 'list', 'bindings'],
      ['queues', '-j'],
    ];
    const shown: string[] = [];
    for (const words of commands) shown.push(await say(words));
    for (const text of shown) expect(leaks(text)).toEqual([]);
    expect(shown[2]).toContain('theirs@box');
    expect(shown[2]).toContain('sentinel_kwargs');
    expect(shown[5]).toContain(stay.id);
    expect(shown[6]).toContain(eta.id);
    expect(events.output).toContain('task received');
    expect(leaks(events.output)).toEqual([]);
  }, 120_000);

  it("in what our worker answers to Python's command line", async () => {
    for (const command of ['conf', 'stats', 'report']) {
      const text = await celery(urls, ['inspect', '-d', 'ours@box', '-t', '3', command]);
      expect(text).toContain('ours@box');
      expect(leaks(text)).toEqual([]);
    }
  }, 60_000);

  it('in the API of the dashboard', async () => {
    const isKnown = async (): Promise<boolean> =>
      (await get('/api/tasks?limit=5000')).includes(ids.at(-3) ?? '?');
    await waitUntil('the dashboard knows the tasks', isKnown, 10_000);
    const paths = [
      '/api/workers?refresh=1',
      '/api/tasks?limit=5000',
      '/api/tasks?search=KANARI&limit=5000',
      '/api/task/types',
      '/api/queues/length',
      '/api/v1/status',
      '/api/v1/tasks?limit=500',
      '/api/v1/tasks?text=VOGEL',
      '/',
      '/tasks',
      ...ids.flatMap((id) => [`/api/task/info/${id}`, `/api/task/result/${id}`]),
    ];
    for (const path of paths) expect(leaks(await get(path)), path).toEqual([]);
    const workers = await get('/api/workers');
    for (const part of ['theirs@box', 'ours@box', 'broker_read_url', 'alternates'])
      expect(workers).toContain(part);
  }, 60_000);

  it('in what the pages are sent', async () => {
    const page: Socket<ServerToClient, ClientToServer> = io(origin, { transports: ['websocket'] });
    const deltas: unknown[] = [];
    page.on('delta', (delta) => deltas.push(delta));
    const rooms: RoomRequest[] = [
      { room: 'status' },
      { room: 'overview', range: '15m' },
      { room: 'tasks', filter: {} },
      { room: 'workers' },
      { room: 'worker', name: 'ours@box' },
      { room: 'worker', name: 'theirs@box' },
      { room: 'queues' },
    ];
    const ask = async (request: RoomRequest): Promise<string> =>
      JSON.stringify(await page.timeout(5000).emitWithAck('subscribe', request));
    for (const request of rooms) expect(leaks(await ask(request))).toEqual([]);
    for (const uuid of ids) {
      const answer = await ask({ room: 'task', uuid });
      expect(leaks(answer)).toEqual([]);
      page.emit('unsubscribe', `task:${uuid}`);
    }
    await app.sendTask('sec.echo', [TEXTS[0], { password: PASSWORD }], { kwargs: { token: PASSWORD } });
    await waitUntil('the page is told', () => JSON.stringify(deltas).includes('sec.echo'), 10_000);
    expect(leaks(JSON.stringify(deltas))).toEqual([]);
    page.disconnect();
  }, 60_000);

  it('in what is sent again', async () => {
    const [exact = ''] = ids;
    const post = async (body: unknown): Promise<{ status: number; text: string }> => {
      const response = await fetch(`${origin}/api/v1/tasks/${exact}/retry`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    };
    const masked = await post({});
    expect(masked).toMatchObject({ status: 409, text: expect.stringContaining('known only in part') });
    const typed = await post({ args: ['********'], kwargs: {} });
    expect(typed).toMatchObject({ status: 400, text: expect.stringContaining('still masked') });
  });
});

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended meanwhile
  }
}
