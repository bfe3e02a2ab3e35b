import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultBackend } from '../../../lib/backend/backend.ts';
import {
  AsyncResult,
  Celery,
  ChordError,
  chain,
  chord,
  GroupResult,
  group,
  TimeoutError,
  UmbelError,
} from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { MiniWorker } from '../../kit/mini-worker.ts';
import { type RedisServer, startRedis } from '../../kit/redis-server.ts';

let redis: RedisServer;
let app: Celery;
let worker: MiniWorker;

const wait = { timeout: 5 };

beforeAll(async () => {
  redis = await startRedis();
  app = new Celery('tasks', { broker: redis.url(0), backend: redis.url(1) }, silentLogger);
  worker = new MiniWorker(app);
  await worker.start();
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
    echo: app.task('t.echo', (value: unknown) => value),
    ids: app.task('t.ids', { bind: true }, (self, _value: unknown = null) => {
      const { id, rootId, parentId } = self.request;
      return { id, rootId, parentId };
    }),
    fail: app.task('t.fail', (text: unknown): number => {
      throw new RangeError(String(text));
    }),
    note: app.task('t.note', (text: unknown, place: string) => notes.push(`${place} ${String(text)}`)),
  };
}

const notes: string[] = [];

describe('signatures', () => {
  it('put partial arguments before their own, and win with theirs over nothing', async () => {
    const { add, echo } = tasks();
    expect(await (await add.s(2).delay(1)).get(wait)).toBe(3);
    expect(await (await add.s().clone([5], { countdown: 0 }).applyAsync([4])).get(wait)).toBe(9);
    expect(await (await app.signature(echo.si('kept')).applyAsync(['ignored'])).get(wait)).toBe('kept');
    expect(add.signature([1, 2], { queue: 'q', kwargs: { a: 1 } }).toJSON()).toEqual({
      task: 't.add',
      args: [1, 2],
      kwargs: { a: 1 },
      options: { queue: 'q' },
      subtask_type: null,
      immutable: false,
    });
  });

  it('keep the id that freezing gave them', async () => {
    const { add } = tasks();
    const frozen = add.s(1, 2);
    const result = frozen.freeze();
    expect(frozen.freeze().id).toBe(result.id);
    expect((await frozen.delay()).id).toBe(result.id);
    expect(await result.get(wait)).toBe(3);
    const last = chain(add.s(1, 2), add.s(3));
    const end = last.freeze('the-end');
    expect(end.id).toBe('the-end');
    await last.delay();
    expect(await end.get(wait)).toBe(6);
  });

  it('call what is linked, once', async () => {
    const { add, note, fail } = tasks();
    await (await add.s(1, 2).link(note.s('done')).link(note.s('done')).delay()).get(wait);
    const failed = await fail.s('x').onError(note.s('failed')).delay();
    await expect(failed.get(wait)).rejects.toThrow('x');
    await expect.poll(() => [...notes]).toEqual(['done 3', `failed ${failed.id}`]);
    notes.length = 0;
  });

  it("take a time without offset as one of the app's zone, as a call does", async () => {
    const zoned = new Celery('zoned', { broker: redis.url(4), timezone: 'America/New_York' }, silentLogger);
    const sent: unknown[] = [];
    zoned.on('before_task_publish', ({ headers }) => void sent.push(headers['eta'], headers['expires']));
    const add = zoned.task('t.add', (x: number, y: number) => x + y);
    const times = { eta: '2030-06-01T10:00:00', expires: '2030-06-01T11:00:00' };
    await add.applyAsync([1, 2], times);
    await add.s(1, 2).set(times).delay();
    await add.s(1, 2).applyAsync([], times);
    const inUtc = ['2030-06-01T14:00:00.000000+00:00', '2030-06-01T15:00:00.000000+00:00'];
    expect(sent).toEqual([...inUtc, ...inUtc, ...inUtc]);
    await zoned.close();
  });

  it('need an app, and options that exist', async () => {
    const { add } = tasks();
    expect(() => add.s(1, 2).set({ eta: 'tomorrow' })).toThrow(UmbelError);
    await expect(
      add
        .s(1, 2)
        .set({ serializer: 'xml' as 'json' })
        .delay(),
    ).rejects.toThrow(/"xml"/);
    expect(() => add.chunks([[1, 2]], 0)).toThrow(/whole number from 1/);
  });
});

describe('chains', () => {
  it('pass values on, and know the steps before the last', async () => {
    const { add } = tasks();
    const result = await chain(add.s(1, 2), add.s(10), add.s(100)).delay();
    expect(await result.get(wait)).toBe(113);
    expect(await result.parent?.get(wait)).toBe(13);
    expect(await result.parent?.parent?.get(wait)).toBe(3);
    expect(result.parent?.parent?.parent).toBeNull();
    expect(
      await add
        .s(1, 2)
        .pipe(add.s(3))
        .pipe(add.s(4))
        .delay()
        .then((r) => r.get(wait)),
    ).toBe(10);
  });

  it('have one root, and each step the one before as its parent', async () => {
    const { ids } = tasks();
    const result = await chain(ids.s(), ids.s(), ids.s()).delay();
    const last = await result.get(wait);
    const middle = await result.parent?.get(wait);
    const first = await result.parent?.parent?.get(wait);
    expect(first).toMatchObject({ parentId: null, rootId: first && Reflect.get(Object(first), 'id') });
    const root = result.parent?.parent?.id;
    expect(middle).toEqual({ id: result.parent?.id, parentId: root, rootId: root });
    expect(last).toEqual({ id: result.id, parentId: result.parent?.id, rootId: root });
    const children = await new AsyncResult(app, String(root)).children();
    expect(children?.map(({ id }) => id)).toEqual([result.parent?.id]);
  });

  it('nest as they like', async () => {
    const { add, total } = tasks();
    const nested = chain(chain(add.s(1, 1), add.s(2)), chain(add.s(3), add.s(4)));
    expect(await (await nested.delay()).get(wait)).toBe(11);
    const single = chain(add.s(1, 1), group([add.s(5)]), app.signature<number>('t.add', [1]));
    expect(await (await single.delay()).get(wait)).toBe(8);
    const two = chain(
      group([add.s(1, 1), add.s(2, 2)]),
      total.s(),
      add.s(1),
      group(add.s(1), add.s(2)),
      total.s(),
    );
    expect(await (await two.delay()).get(wait)).toBe(17);
    const bodies = chain(group([add.s(1, 1), add.s(2, 2)]), group(total.s(), total.s()), total.s());
    expect(await (await bodies.delay()).get(wait)).toBe(12);
  });

  it('may end in a group', async () => {
    const { add } = tasks();
    const result = await chain(add.s(1, 1), group(add.s(1), add.s(2))).delay();
    expect(result).toBeInstanceOf(GroupResult);
    expect(await result.get(wait)).toEqual([3, 4]);
    expect(await result.parent?.get(wait)).toBe(2);
  });

  it('throw the error of the step that failed', async () => {
    const { add, fail } = tasks();
    const result = await chain(add.s(1, 1), fail.s(), add.s(1), add.s(2)).delay();
    await expect(result.get(wait)).rejects.toMatchObject({ name: 'ValueError', message: '2' });
    expect(await result.status()).toBe('FAILURE');
    const middle = await chain(fail.s('first'), group(add.s(1), add.s(2))).delay();
    await expect(middle.get(wait)).rejects.toThrow('first');
    await expect(chain([]).delay()).rejects.toThrow(UmbelError);
  });
});

describe('groups', () => {
  it('gather results, count them, and forget them', async () => {
    const { add } = tasks();
    const result = await group([1, 2, 3].map((n) => add.s(n, n))).delay();
    expect(await result.get(wait)).toEqual([2, 4, 6]);
    expect([...result].length).toBe(3);
    expect(await result.ready()).toBe(true);
    expect(await result.successful()).toBe(true);
    expect(await result.failed()).toBe(false);
    expect(await result.waiting()).toBe(false);
    expect(await result.completedCount()).toBe(3);
    await result.forget();
    expect(await result.completedCount()).toBe(0);
  });

  it('throw the first error at once, or give it in its place', async () => {
    const { add, fail } = tasks();
    const slow = add.signature([1, 1], { queue: 'nobody' });
    await expect((await group(slow, fail.s('now')).delay()).get(wait)).rejects.toThrow('now');
    const both = await group(add.s(1, 1), fail.s('in place')).delay();
    expect(await both.join({ ...wait, propagate: false })).toEqual([
      2,
      expect.objectContaining({ message: 'in place' }),
    ]);
    expect(await both.failed()).toBe(true);
    await expect((await group(slow).delay()).get({ timeout: 0.2 })).rejects.toThrow(TimeoutError);
  });

  it('are saved and found again', async () => {
    const { add } = tasks();
    const result = await group(add.s(1, 1), add.s(2, 2)).delay();
    await result.save();
    const again = await app.restoreGroup<[number, number]>(result.id);
    expect(await again?.get(wait)).toEqual([2, 4]);
    expect(again?.asTuple()).toEqual(result.asTuple());
    await result.delete();
    expect(await app.restoreGroup(result.id)).toBeNull();
  });

  it('are revoked with one request', async () => {
    const { add } = tasks();
    const members = [1, 2].map((n) => add.signature([n, n], { queue: 'nobody' }));
    const result = await group(members).delay();
    const listener = new Redis(redis.url(0));
    const requests: string[] = [];
    await listener.psubscribe('*celery.pidbox');
    listener.on('pmessage', (_pattern, _channel, text: string) => requests.push(text));
    await result.revoke();
    await expect.poll(() => requests).toHaveLength(1);
    listener.disconnect();
    const body = Buffer.from(JSON.parse(requests[0] ?? '{}').body, 'base64').toString();
    expect(JSON.parse(body).arguments.task_id).toEqual(result.results.map(({ id }) => id));
  });

  it('in groups are one group, and take partial arguments', async () => {
    const { add } = tasks();
    const note = app.task('t.first', (place: string) => notes.push(place));
    expect(await (await group(group(add.s(1), add.s(2)), add.s(3)).delay(10)).get(wait)).toEqual([
      11, 12, 13,
    ]);
    await expect(group(add.s(1, 2)).applyAsync([], { link: add.s(1) })).rejects.toThrow(/use a chord/);
    expect(await (await group([]).delay()).get(wait)).toEqual([]);
    const linked = chain(add.s(1, 1), group(add.s(1), add.s(2))).link(note.s('first'));
    expect(await (await linked.delay()).get(wait)).toEqual([3, 4]);
    await expect.poll(() => notes.splice(0)).toHaveLength(1);
  });
});

describe('chords', () => {
  it('call the body with the values in order; the header is its parent', async () => {
    const { add, echo } = tasks();
    const result = await chord(
      [4, 3, 2, 1].map((n) => add.s(n, n)),
      echo.s(),
    ).delay();
    expect(await result.get(wait)).toEqual([8, 6, 4, 2]);
    expect(result.parent).toBeInstanceOf(GroupResult);
    expect(await result.parent?.get(wait)).toEqual([8, 6, 4, 2]);
  });

  it('nest in headers and bodies', async () => {
    const { add, total, echo } = tasks();
    const inner = chord([add.s(1, 1), add.s(2, 2)], total.s());
    expect(await (await chord([inner, add.s(5, 5)], total.s()).delay()).get(wait)).toBe(16);
    expect(
      await (await chord([chain(add.s(1, 1), add.s(2)), chain(inner, add.s(1))], echo.s()).delay()).get(wait),
    ).toEqual([4, 7]);
    const tailed = chord([chain(add.s(1, 1), group(add.s(1), add.s(2))), add.s(9, 9)], echo.s());
    expect(await (await tailed.delay()).get(wait)).toEqual([[3, 4], 18]);
    const grouped = chord(group(group(add.s(1, 1), add.s(2, 2)), add.s(3, 3)), echo.s());
    expect(await (await grouped.delay()).get(wait)).toEqual([2, 4, 6]);
    const long = chain(inner, add.s(1)).pipe(chord([add.s(1), add.s(2)], chain(total.s(), add.s(100))));
    expect(await (await long.delay()).get(wait)).toBe(117);
  });

  it('do not fail when their counters cannot be deleted', async () => {
    class Forgetless extends Celery {
      override async backend(): Promise<ResultBackend> {
        return new Proxy(await super.backend(), {
          get: (target, key) => {
            if (key === 'forgetChord') return () => Promise.reject(new Error('no connection'));
            const value: unknown = Reflect.get(target, key);
            return typeof value === 'function' ? value.bind(target) : value;
          },
        });
      }
    }
    const other = new Forgetless('tasks', { broker: redis.url(2), backend: redis.url(3) }, silentLogger);
    const add = other.task('t.add', (x: number, y: number) => x + y);
    const total = other.task('t.total', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0));
    const forgetful = new MiniWorker(other);
    await forgetful.start();
    try {
      const result = await chord([add.s(1, 1), add.s(2, 2)], total.s()).delay();
      expect(await result.get(wait)).toBe(6);
      expect(await result.parent?.get(wait)).toEqual([2, 4]);
    } finally {
      await forgetful.stop();
      await other.close();
    }
  });

  it('with an empty header call the body at once', async () => {
    const { echo, total } = tasks();
    expect(await (await chord([], echo.s()).delay()).get(wait)).toEqual([]);
    expect(await (await chain(group([]), app.signature('t.echo', ['alone'])).delay()).get(wait)).toBe(
      'alone',
    );
    expect(await (await chord(group([]), total.s()).delay()).get(wait)).toBe(0);
  });

  it('with a failed header give the body a ChordError and throw the cause', async () => {
    const { add, fail, total, note } = tasks();
    const result = await chord([add.s(1, 1), fail.s('header')], total.s())
      .linkError(note.s('told'))
      .delay();
    await expect(result.get(wait)).rejects.toMatchObject({ message: 'header' });
    await expect(result.get({ ...wait, followParents: false })).rejects.toThrow(ChordError);
    await expect.poll(() => [...notes]).toEqual([`told ${result.id}`]);
    notes.length = 0;
  });

  it('with a failed header fail everything behind them, also the chord around them', async () => {
    const { add, fail, total } = tasks();
    const inner = chord([add.s(1, 1), fail.s('deep')], total.s());
    const outer = await chord([inner, add.s(5, 5)], total.s()).delay();
    await expect(outer.get({ ...wait, followParents: false })).rejects.toThrow(
      /^Dependency \S+ raised ChordError/,
    );
    const after = await chain(group(fail.s('group'), add.s(1, 1)), total.s(), add.s(1)).delay();
    await expect(after.get(wait)).rejects.toThrow('group');
    const groupBody = await chain(group(fail.s('for all'), add.s(1, 1)), group(total.s(), total.s())).delay();
    await expect(groupBody.get({ ...wait, followParents: false })).rejects.toThrow(ChordError);
  });
});

describe('replacing', () => {
  function replacers() {
    const known = tasks();
    const { add, total, fail } = known;
    return {
      ...known,
      byTask: app.task('t.by_task', { bind: true }, (self, x: number) => self.replace(add.s(x, 1))),
      byChain: app.task('t.by_chain', { bind: true }, (self, x: number) =>
        self.replace(chain(add.s(x, 1), add.s(10))),
      ),
      byGroup: app.task('t.by_group', { bind: true }, (self, x: number) =>
        self.replace(group(add.s(x, 1), add.s(x, 2))),
      ),
      byChord: app.task('t.by_chord', { bind: true }, (self, x: number) =>
        self.replace(chord([add.s(x, 1), add.s(x, 2)], total.s())),
      ),
      byFailure: app.task('t.by_failure', { bind: true }, (self) => self.replace(fail.s('replaced'))),
      adding: app.task('t.adding', { bind: true }, async (self, x: number) => {
        await self.addToChord(add.s(x, 100));
        return x;
      }),
    };
  }

  it('keeps the id and all that follows', async () => {
    const { add, total, byTask, byChain, byGroup, byChord } = replacers();
    const all = await Promise.all([
      byTask.s(1).delay(),
      byChain.s(1).delay(),
      byGroup.s(1).delay(),
      byChord.s(1).delay(),
      chain(add.s(1, 1), byTask.s(), add.s(100)).delay(),
      chain(byChain.s(1), byChord.s(), add.s(1)).delay(),
      chain(byGroup.s(1), total.s()).delay(),
      chord([byTask.s(1), byChain.s(1), byChord.s(1)], total.s()).delay(),
      byTask
        .s(1)
        .link(add.s(5).set({ taskId: 'linked-to-replaced' }))
        .delay(),
    ]);
    expect(await Promise.all(all.map((result) => result.get(wait)))).toEqual([
      2,
      12,
      [2, 3],
      5,
      103,
      28,
      5,
      19,
      2,
    ]);
    expect(await app.AsyncResult('linked-to-replaced').get(wait)).toBe(7);
  });

  it('fails as the replacement does, and is refused where it cannot be', async () => {
    const { add, byFailure, byTask } = replacers();
    await expect((await chain(byFailure.s(), add.s(1)).delay()).get(wait)).rejects.toThrow('replaced');
    await expect(byTask(1)).rejects.toThrow(/plain call/);
    expect(await (await byTask.s(1).apply()).get()).toBe(2);
  });

  it('or adding lets a chord wait for one more', async () => {
    const { adding, total } = replacers();
    expect(await (await chord([adding.s(1), adding.s(2)], total.s()).delay()).get(wait)).toBe(206);
    await expect((await adding.s(1).delay()).get(wait)).rejects.toThrow(/not a member of any chord/);
  });
});

describe('maps', () => {
  it('run in one task each', async () => {
    const { add, total } = tasks();
    expect(await (await total.map([[1, 2], [3]]).delay()).get(wait)).toEqual([3, 3]);
    expect(
      await (
        await add
          .starmap([
            [1, 2],
            [3, 4],
          ])
          .delay()
      ).get(wait),
    ).toEqual([3, 7]);
    const chunks = add.chunks(
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
      2,
    );
    expect(await (await chunks.delay()).get(wait)).toEqual([[2, 4], [6]]);
    expect(app.tasks.names()).not.toContain('celery.starmap');
    expect(app.tasks.get('celery.starmap')).toBeDefined();
  });
});

describe('in place', () => {
  it('run the same without a broker', async () => {
    const { add, total, fail, note } = tasks();
    expect(await (await chain(add.s(1, 2), group(add.s(1), add.s(2)), total.s()).apply()).get()).toBe(9);
    expect(await (await chord([add.s(1, 1), add.s(2, 2)], total.s()).apply()).get()).toBe(6);
    await add.s(1, 2).link(note.s('eagerly')).apply();
    expect(notes.splice(0)).toEqual(['eagerly 3']);
    await expect(chain(fail.s('now'), add.s(1)).apply()).rejects.toThrow('now');
    const eager = new Celery('eager', { broker: 'redis://127.0.0.1:1/0', task_always_eager: true });
    const double = eager.task('t.double', (x: number) => 2 * x);
    expect(await (await chain(double.s(2), double.s()).delay()).get()).toBe(8);
    expect(await (await group(double.s(1), double.s(2)).delay()).get()).toEqual([2, 4]);
  });
});
