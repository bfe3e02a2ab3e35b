import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BackendOptions, ChordBackend, ResultBackend } from '../../lib/backend/backend.ts';
import { openBackend } from '../../lib/backend/open.ts';
import { composeResult, type ResultMeta } from '../../lib/protocol/result.ts';
import { serializerNamed } from '../../lib/protocol/serializer.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { FaultProxy } from '../kit/fault-proxy.ts';
import { ids } from '../kit/messages.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';
import { waitUntil } from '../kit/wait-until.ts';

const record = (taskId: string, status: string, value: unknown = null): { taskId: string; text: string } => ({
  taskId,
  text: composeResult({ taskId, status, resultText: JSON.stringify(value) }),
});

describe.each(SERVERS)('result backend on $name', ({ start }) => {
  let server: TestServer;
  let backend: ResultBackend;
  let redis: Redis;

  const open = async (options: Partial<BackendOptions> = {}, url = server.url()): Promise<ResultBackend> => {
    const opened = openBackend(url, { logger: silentLogger, ...options });
    await opened.start();
    return opened;
  };

  beforeAll(async () => {
    server = await start();
    redis = new Redis(server.port, { protocol: 2 });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  beforeEach(async () => {
    await redis.flushall();
    backend = await open();
  });
  afterEach(async () => {
    await backend.stop();
  });

  test('stores under the key that Celery reads, with its expiry', async () => {
    expect(await backend.get('a')).toBeNull();
    await backend.store(record('a', 'SUCCESS', { sum: 5 }));
    expect(JSON.parse((await redis.get('celery-task-meta-a')) ?? '')).toMatchObject({
      status: 'SUCCESS',
      result: { sum: 5 },
      task_id: 'a',
    });
    expect(await redis.ttl('celery-task-meta-a')).toBeGreaterThan(86_390);
    expect(await backend.get('a')).toMatchObject({ taskId: 'a', status: 'SUCCESS', result: { sum: 5 } });
    await backend.forget('a');
    expect(await backend.get('a')).toBeNull();
  });

  test('never expires when told so, and keeps to the prefix', async () => {
    const other = await open({ expiresSeconds: null, transportOptions: { global_keyprefix: 'app' } });
    await other.store(record('a', 'FAILURE'));
    expect(await redis.keys('*')).toEqual(['app_celery-task-meta-a']);
    expect(await redis.ttl('app_celery-task-meta-a')).toBe(-1);
    await other.stop();
  });

  test('never overwrites a success, but a failure', async () => {
    await backend.store(record('a', 'FAILURE'));
    await backend.store(record('a', 'SUCCESS', 1));
    await backend.store(record('a', 'FAILURE'));
    expect(await backend.get('a')).toMatchObject({ status: 'SUCCESS', result: 1 });
  });

  test.each(['json', 'msgpack', 'yaml'])(
    'a progress whose value has a status SUCCESS of its own is overwritten, in %s',
    async (name) => {
      const opened = await open({ serializer: serializerNamed(name) });
      await opened.store(record('a', 'PROGRESS', { status: 'SUCCESS', step: 1 }));
      await opened.store(record('a', 'SUCCESS', 5));
      await opened.store(record('a', 'FAILURE', { status: 'SUCCESS' }));
      expect(await opened.get('a')).toMatchObject({ status: 'SUCCESS', result: 5 });
      await opened.stop();
    },
  );

  test('keeps the order of the states of a task in one batch', async () => {
    const names = ids(300);
    const states = names.flatMap((id) =>
      ['STARTED', 'PROGRESS', 'SUCCESS'].map((state) => record(id, state)),
    );
    await Promise.all(states.map((state) => backend.store(state)));
    const stored = await Promise.all(names.map((id) => backend.get(id)));
    expect(stored.map((meta) => meta?.status)).toEqual(names.map(() => 'SUCCESS'));
  });

  test('a value that the serializer cannot write leaves the rest of its batch alone', async () => {
    const serializer = serializerNamed('msgpack');
    const packed = await open({ serializer, accept: new Set([serializer.contentType]) });
    const [before, refused, after] = await Promise.allSettled([
      packed.store(record('before', 'SUCCESS', 1)),
      packed.store({
        taskId: 'wide',
        text: composeResult({ taskId: 'wide', status: 'SUCCESS', resultText: '9'.repeat(30) }),
      }),
      packed.store(record('after', 'SUCCESS', 2)),
    ]);
    expect([before.status, after.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(refused).toMatchObject({ reason: { code: 'bad_request' } });
    const stored = await Promise.all(['before', 'wide', 'after'].map((id) => packed.get(id)));
    expect(stored.map((meta) => meta?.result)).toEqual([1, undefined, 2]);
    await packed.stop();
  });

  test('an error of who is told ends the wait', async () => {
    await backend.store(record('told', 'PROGRESS', 1));
    const onState = (): never => {
      throw new Error('not interested');
    };
    await expect(backend.wait('told', { onState, timeoutMs: 10_000 })).rejects.toThrow('not interested');
  });

  test('waits for a result that is there, that comes later, and tells of the states on the way', async () => {
    await backend.store(record('there', 'SUCCESS', 1));
    expect(await backend.wait('there')).toMatchObject({ result: 1 });
    const states: string[] = [];
    const waiting = backend.wait('later', { onState: ({ status }) => states.push(status) });
    await new Promise((resolve) => setTimeout(resolve, 30));
    const writer = await open();
    await writer.store(record('later', 'STARTED'));
    await writer.store(record('later', 'PROGRESS', { current: 1 }));
    await writer.store(record('later', 'SUCCESS', 2));
    expect(await waiting).toMatchObject({ status: 'SUCCESS', result: 2 });
    expect(states).toEqual(['STARTED', 'PROGRESS', 'SUCCESS']);
    await writer.stop();
  });

  test('waits for as long as it is told to, also beyond what a timer takes', async () => {
    const waiting = ['x', 'y'].map((id, index) =>
      backend.wait(id, { timeoutMs: [1e12, Infinity][index] ?? 0 }),
    );
    await backend.store(record('w', 'SUCCESS'));
    await backend.wait('w');
    await Promise.all(['x', 'y'].map((id) => backend.store(record(id, 'SUCCESS', 1))));
    expect((await Promise.all(waiting)).map(({ result }) => result)).toEqual([1, 1]);
  });

  test('gives up waiting in time, or when told', async () => {
    await expect(backend.wait('never', { timeoutMs: 30 })).rejects.toMatchObject({ code: 'timeout' });
    const abort = new AbortController();
    const waiting = backend.wait('never', { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(backend.wait('never', { signal: abort.signal })).rejects.toThrow('enough');
  });

  test('waits for thousands at once over one connection, and listens to none afterwards', async () => {
    const names = ids(5000);
    const waiting = Promise.all(names.map((id) => backend.wait(id, { timeoutMs: 15_000 })));
    const writer = await open();
    await Promise.all(names.map((id, index) => writer.store(record(id, 'SUCCESS', index))));
    expect((await waiting).map(({ result }) => result)).toEqual(names.map((_, index) => index));
    await waitUntil('nobody listens', async () => (await redis.pubsub('CHANNELS')).length === 0);
    await writer.stop();
  });

  test('watches until told to stop', async () => {
    const seen: string[] = [];
    const stop = await backend.watch('a', ({ status }: ResultMeta) => seen.push(status));
    await backend.store(record('a', 'STARTED'));
    await waitUntil('the state is seen', () => seen.length === 1);
    await redis.publish('celery-task-meta-a', 'no JSON');
    await stop();
    await backend.store(record('a', 'SUCCESS'));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen).toEqual(['STARTED']);
  });

  test('a wait outlives the connection, and hears what it missed', async () => {
    const proxy = new FaultProxy(server.port);
    await proxy.start();
    const shaky = await open({}, proxy.url());
    const waiting = Promise.all(['a', 'b', 'c'].map((id) => shaky.wait(id, { timeoutMs: 10_000 })));
    await new Promise((resolve) => setTimeout(resolve, 50));
    proxy.set({ kind: 'refuse' });
    proxy.reset();
    await backend.store(record('a', 'SUCCESS', 1));
    proxy.set({ kind: 'none' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await backend.store(record('b', 'FAILURE'));
    const stored = shaky.store(record('c', 'SUCCESS', 3));
    proxy.reset();
    await stored;
    expect((await waiting).map(({ status }) => status)).toEqual(['SUCCESS', 'FAILURE', 'SUCCESS']);
    await shaky.stop();
    await proxy.stop();
  });

  test('an older state never follows a newer one, also over resets', async () => {
    const proxy = new FaultProxy(server.port);
    await proxy.start();
    const shaky = await open({}, proxy.url());
    const names = ids(50);
    const stored: Promise<void>[] = [];
    for (let step = 0; step < 40; step += 1) {
      for (const id of names) stored.push(shaky.store(record(id, `STEP${step}`)));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 6));
      if (step % 4 === 3) proxy.reset();
    }
    await Promise.all(stored);
    const metas = await Promise.all(names.map((id) => backend.get(id)));
    expect(new Set(metas.map((meta) => meta?.status))).toEqual(new Set(['STEP39']));
    await shaky.stop();
    await proxy.stop();
  });

  test('counts the header of a chord; exactly one part is the last', async () => {
    const chords = backend as ResultBackend & ChordBackend;
    const part = (memberIndex: number) => ({
      groupId: 'g',
      memberIndex,
      taskId: `t${memberIndex}`,
      state: 'SUCCESS',
      resultText: String(memberIndex * 10),
    });
    expect(await chords.recordChordPart(part(0))).toEqual({ isDone: false, total: null, parts: [] });
    await chords.setChordSize('g', 4);
    const others = await Promise.all([3, 1, 2].map((index) => chords.recordChordPart(part(index))));
    const done = others.filter(({ isDone }) => isDone);
    expect(done).toHaveLength(1);
    expect(done[0]?.total).toBe(4);
    expect(done[0]?.parts).toEqual(
      [0, 1, 2, 3].map((n) => ({ taskId: `t${n}`, state: 'SUCCESS', result: n * 10 })),
    );
    expect(await redis.ttl('celery-taskset-meta-g.j')).toBeGreaterThan(0);
    await chords.forgetChord('g');
    expect(await redis.keys('*')).toEqual(['celery-taskset-meta-g.c']);
    expect(await redis.ttl('celery-taskset-meta-g.c')).toBeGreaterThan(0);
  });

  test('parts of a chord that return twice are one part, and only one of them is the last', async () => {
    const chords = backend as ResultBackend & ChordBackend;
    const record = (taskId: string, result: number) =>
      chords.recordChordPart({
        groupId: 'twice',
        memberIndex: Number(taskId),
        taskId,
        state: 'SUCCESS',
        resultText: String(result),
      });
    await chords.setChordSize('twice', 3);
    await record('0', 1);
    // Another result, as of a task that returns the time.
    await record('0', 2);
    expect(await record('1', 1)).toMatchObject({ isDone: false });
    const last = await record('2', 1);
    expect(last.isDone).toBe(true);
    expect(last.parts.map(({ taskId }) => taskId)).toEqual(['0', '1', '2']);
    expect((await record('1', 1)).isDone).toBe(false);
    // It died before it sent the body, and comes again.
    expect((await record('2', 1)).isDone).toBe(true);
    await chords.forgetChord('twice');
    expect((await record('2', 1)).isDone).toBe(false);
    expect((await record('0', 3)).isDone).toBe(false);
    expect(await redis.keys('*')).toEqual(['celery-taskset-meta-twice.c']);
  });

  test('a task added to a chord counts once, also when the connection is lost before the answer', async () => {
    const proxy = new FaultProxy(server.port);
    await proxy.start();
    const opened = await open({}, proxy.url());
    const chords = opened as ResultBackend & ChordBackend;
    await chords.setChordSize('grown', 1);
    for (let bytes = 1; bytes <= 3; bytes += 1) {
      // The second time the server is to be told the script again.
      if (bytes === 2) await redis.script('FLUSH');
      proxy.cutAfter(bytes);
      await chords.addToChord('grown');
      proxy.cutAfter(Number.POSITIVE_INFINITY);
      expect(await redis.get('celery-taskset-meta-grown.t')).toBe(String(bytes));
    }
    await chords.forgetChord('grown');
    expect(await redis.keys('celery-taskset-meta-grown.*')).toEqual(['celery-taskset-meta-grown.c']);
    await opened.stop();
    await proxy.stop();
  });

  test('a chord expires with results, and not before its end where they are kept for ever', async () => {
    const ttls = async (seconds: number | null): Promise<number[]> => {
      await redis.flushall();
      const opened = (await open({ expiresSeconds: seconds })) as ResultBackend & ChordBackend;
      await opened.setChordSize('g', 2);
      await opened.addToChord('g');
      await opened.recordChordPart({
        groupId: 'g',
        memberIndex: 0,
        taskId: 'a',
        state: 'SUCCESS',
        resultText: '1',
      });
      await opened.stop();
      const left = ['s', 't', 'j', 'a'].map((part) => redis.ttl(`celery-taskset-meta-g.${part}`));
      // In whole minutes: a slow machine may have used some.
      return (await Promise.all(left)).map((ttl) => (ttl < 0 ? ttl : Math.ceil(ttl / 60) * 60));
    };
    expect(await ttls(600)).toEqual([600, 600, 600, 600]);
    expect(await ttls(null)).toEqual([-1, -1, -1, 86_400]);
  });

  test('keeps the parts of a chord in a list where the order does not matter', async () => {
    const opened = await open({ transportOptions: { result_chord_ordered: false } });
    const chords = opened as ResultBackend & ChordBackend;
    const record = (memberIndex: number) =>
      chords.recordChordPart({
        groupId: 'list',
        memberIndex,
        taskId: `t${memberIndex}`,
        state: 'SUCCESS',
        resultText: String(memberIndex),
      });
    await chords.setChordSize('list', 3);
    await record(2);
    // Here it is twice, and counts once all the same.
    await record(2);
    expect(await redis.lrange('celery-taskset-meta-list.j', 0, -1)).toEqual(
      Array(2).fill('[1, "t2", "SUCCESS", 2]'),
    );
    expect((await record(0)).isDone).toBe(false);
    const last = await record(1);
    expect(last.parts.map(({ result }) => result)).toEqual([2, 0, 1]);
    expect(await redis.ttl('celery-taskset-meta-list.j')).toBeGreaterThan(0);
    await chords.forgetChord('list');
    expect(await redis.keys('*')).toEqual(['celery-taskset-meta-list.c']);
    await opened.stop();
  });
});

describe('no result backend', () => {
  test('stores nothing and says so when asked', async () => {
    const backend = openBackend(null, { logger: silentLogger });
    await backend.start();
    await backend.store(record('a', 'SUCCESS'));
    await expect(backend.get('a')).rejects.toThrow(/No result backend is configured/);
    await expect(backend.wait('a')).rejects.toMatchObject({ code: 'unsupported' });
    await backend.stop();
  });

  test('a URL that nobody reads is refused, without its password', () => {
    expect(() => openBackend('memcached://user:secret@host', { logger: silentLogger })).toThrow(
      'memcached://user:********@host',
    );
  });
});
