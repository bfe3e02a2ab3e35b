import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AsyncResult,
  Celery,
  chain,
  chord,
  GroupResult,
  group,
  TimeoutError,
  UmbelError,
} from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { MiniBench } from '../../kit/mini-bench.ts';
import { canvasTasks } from './canvas-tasks.ts';

let bench: MiniBench;
let app: Celery;

const wait = { timeout: 5 };
const notes: string[] = [];

beforeAll(async () => {
  bench = await MiniBench.start();
  app = bench.app;
});

afterAll(() => bench.stop());

const tasks = () => canvasTasks(app, notes);

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
    const zoned = new Celery(
      'zoned',
      { broker: bench.redis.url(4), timezone: 'America/New_York' },
      silentLogger,
    );
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
    const listener = new Redis(bench.redis.url(0));
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
