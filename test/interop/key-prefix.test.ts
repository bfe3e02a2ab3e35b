import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backendOptionsOf, transportOptionsOf } from '../../lib/app/connection-options.ts';
import { Celery, chord, group } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { startDashboard, type TestDashboard } from '../kit/dashboard.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

/* Two applications share one database of one server, told apart by `global_keyprefix` alone: one has it, one has not. */

const PREFIX = 'shop:';
const CONF = {
  broker_transport_options: { global_keyprefix: PREFIX, lease: 1 },
  result_backend_transport_options: { global_keyprefix: PREFIX },
};
const wait = { timeout: 30 };
const LIMIT = { timeout: 60_000 };

describe.each(SERVERS)('global_keyprefix on $name', ({ start }) => {
  let server: TestServer;
  let urls: PythonUrls;
  let redis: Redis;
  let flower: TestDashboard;
  let app: Celery;
  let other: Celery;
  const workers: TestProcess[] = [];

  const tsWorker = async (name: string, args: readonly string[], conf: object): Promise<TestProcess> => {
    const env = { BROKER_URL: server.url(), RESULT_BACKEND: server.url(), CONF: JSON.stringify(conf) };
    const rest = ['worker', '-l', 'info', '-P', 'async', '-n', name, ...args];
    const worker = umbel(['-A', 'test/interop/canvas_ts.mjs', ...rest], { env });
    workers.push(worker);
    await worker.waitFor(/ready\./);
    return worker;
  };

  beforeAll(async () => {
    server = await start();
    redis = new Redis(server.port, { protocol: 2 });
    const broker = server.url();
    urls = { broker, backend: broker, conf: CONF };
    await tsWorker('ts@shop', ['-Q', 'ts'], CONF);
    await tsWorker('ts@other', ['-Q', 'ts'], {});
    workers.push(await pythonWorker({ ...urls, queue: 'py' }, ['-n', 'py@shop', '-E']));
    app = new Celery('client', { broker, backend: broker, ...CONF }, silentLogger);
    other = new Celery('client', { broker, backend: broker }, silentLogger);
    flower = await startDashboard({
      broker,
      resultBackend: broker,
      brokerOptions: transportOptionsOf(app.conf),
      backendOptions: backendOptionsOf(app.conf),
      memoryOnly: true,
    });
  }, 120_000);

  afterAll(async () => {
    await flower.stop();
    await app.close();
    await other.close();
    for (const worker of workers) await worker.stop();
    redis.disconnect();
    await server.stop();
  }, 60_000);

  const call = (side: string, task: string, ...args: unknown[]) =>
    app.signature<never>(`${side}.${task}`, args, { queue: side });
  const asPython = (source: string): Promise<unknown> => python(urls, source, 60_000);

  test('tasks, groups and chords go both ways', LIMIT, async () => {
    for (const [first, second] of [
      ['py', 'ts'],
      ['ts', 'py'],
    ] as const) {
      const members = [call(first, 'add', 1, 1), call(second, 'add', 2, 2)];
      expect(await (await group(members).applyAsync()).get(wait)).toEqual([2, 4]);
      expect(await (await chord(members, call(second, 'tsum')).applyAsync()).get(wait)).toBe(6);
    }
    const source = `
def s(name, *args): return app.signature(name, args=args, queue=name[:2])
sent = [c.apply_async() for c in [group(s('py.add', 1, 1), s('ts.add', 2, 2)),
    chord([s('py.add', 1, 1), s('ts.add', 2, 2)], s('py.tsum')), chord([s('py.add', 1, 1), s('ts.add', 2, 2)], s('ts.tsum'))]]
[r.get(timeout=30) for r in sent]`;
    expect(await asPython(source)).toEqual([[2, 4], 6, 6]);
  });

  test('the two applications see nothing of each other', LIMIT, async () => {
    const here = await call('ts', 'add', 1, 1).applyAsync();
    const there = await other.signature<number>('ts.add', [2, 2], { queue: 'ts' }).applyAsync();
    expect(await here.get(wait)).toBe(2);
    expect(await there.get(wait)).toBe(4);
    expect(await other.AsyncResult(here.id).status()).toBe('PENDING');
    const names = (replies: unknown): string[] => (replies as object[]).flatMap(Object.keys).sort();
    expect(names(await app.control.ping())).toEqual(['py@shop', 'ts@shop']);
    expect(names(await other.control.ping())).toEqual(['ts@other']);
    expect(names(await asPython('app.control.ping(timeout=3)'))).toEqual(['py@shop', 'ts@shop']);
  });

  test('a worker that dies gives back what it held', LIMIT, async () => {
    const dying = await tsWorker('dying@shop', ['-Q', 'shaky', '-c', '1'], CONF);
    const slow = await app.signature('ts.sleep', [60], { queue: 'shaky' }).applyAsync();
    const next = await app.signature<number>('ts.add', [3, 4], { queue: 'shaky' }).applyAsync();
    await dying.waitFor(new RegExp(`ts\\.add\\[${next.id}\\] received`));
    dying.child.kill('SIGKILL');
    await app.control.addConsumer('shaky', { destination: ['ts@shop'], reply: true });
    expect(await next.get(wait)).toBe(7);
    await app.control.revoke(slow.id);
  });

  test('the dashboard sees its workers, events and queues, and purges', LIMIT, async () => {
    await flower.until('/api/workers', ({ text }) => text.includes('py@shop') && text.includes('ts@shop'));
    expect((await flower.get('/api/workers')).text).not.toContain('ts@other');
    for (const side of ['py', 'ts']) {
      const { id } = await call(side, 'add', 2, 3).applyAsync();
      await flower.until(`/api/task/info/${id}`, ({ text }) => text.includes('SUCCESS'));
    }
    for (let n = 0; n < 3; n += 1) await app.signature('ts.add', [n, n], { queue: 'orphan' }).applyAsync();
    await other.signature('ts.add', [1, 1], { queue: 'orphan' }).applyAsync();
    await asPython('app.send_task("py.add", (1, 1), queue="orphan").id');
    const orphan = ({ text }: { text: string }, messages: number): boolean =>
      text.includes(`"name":"orphan","messages":${messages}`);
    await flower.until('/api/queues/length', (answer) => orphan(answer, 4));
    expect((await flower.get('/api/queues/length')).text).not.toContain(PREFIX);
    expect((await flower.post('/api/v1/queues/orphan/purge')).status).toBe(200);
    await flower.until('/api/queues/length', (answer) => orphan(answer, 0));
    expect(await redis.llen('orphan')).toBe(1);
  });

  test('each key has the prefix, or is of the other application', async () => {
    const keys = await redis.keys('*');
    expect(keys.filter((key) => key.startsWith(PREFIX)).length).toBeGreaterThan(5);
    const bare = keys.filter((key) => !key.startsWith(PREFIX));
    expect(bare.filter((key) => /shop|py|\.reply\./.test(key) && !key.startsWith('_kombu'))).toEqual([]);
    const unacked = ['unacked', 'unacked_index'].map((key) => redis.exists(key, PREFIX + key));
    expect(await Promise.all(unacked)).toEqual([0, 0]);
  });
});
