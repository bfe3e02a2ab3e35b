import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResultBackend } from '../../../lib/backend/backend.ts';
import { Celery, ChordError, chain, chord, GroupResult, group } from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { MiniBench } from '../../kit/mini-bench.ts';
import { MiniWorker } from '../../kit/mini-worker.ts';
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
    const other = new Forgetless(
      'tasks',
      { broker: bench.redis.url(2), backend: bench.redis.url(3) },
      silentLogger,
    );
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
