import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AnyCanvas,
  Celery,
  Chain,
  Chord,
  chain,
  chord,
  Group,
  group,
  type SignatureJson,
  type StoredCanvas,
  Task,
} from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { MiniBench } from '../../kit/mini-bench.ts';

let bench: MiniBench;
let app: Celery;

const wait = { timeout: 5 };

beforeAll(async () => {
  bench = await MiniBench.start();
  app = bench.app;
});

afterAll(() => bench.stop());

function tasks(of: Celery = app) {
  return {
    add: of.task('t.add', (x: number, y: number) => x + y),
    total: of.task('t.total', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)),
    told: of.task('t.told', (id: string) => id),
    fail: of.task('t.fail', (text: string): number => {
      throw new RangeError(text);
    }),
  };
}

const stored = (canvas: AnyCanvas): SignatureJson => JSON.parse(JSON.stringify(canvas));
const optionsOf = (json: unknown): unknown => Reflect.get(Object(json), 'options');

describe('a signature', () => {
  it('is found again from its JSON, of whatever kind', async () => {
    const { add, total } = tasks();
    const canvases: [AnyCanvas, new (...args: never[]) => unknown, unknown][] = [
      [add.s(1, 2), Object, 3],
      [chain(add.s(1, 2), add.s(3)), Chain, 6],
      [group(add.s(1, 2), add.s(3, 4)), Group, [3, 7]],
      [chord([add.s(1, 2), add.s(3, 4)], total.s()), Chord, 10],
    ];
    for (const [canvas, kind, value] of canvases) {
      const again: StoredCanvas = app.signature(stored(canvas));
      expect(again).toBeInstanceOf(kind);
      expect(await (await again.applyAsync()).get(wait)).toEqual(value);
    }
  });

  it('is copied with other parts, shown as a call, and taken apart', () => {
    const { add, total } = tasks();
    const one = add.s(1, 2).set({ queue: 'slow' });
    const other = one.replace({ args: [5, 6], options: { countdown: 1 } });
    expect([one.args, one.options]).toEqual([[1, 2], { queue: 'slow' }]);
    expect([other.args, other.options]).toEqual([[5, 6], { countdown: 1 }]);
    expect(`${app.signature('t.add', [1, 'x'], { kwargs: { deep: null } })}`).toBe(
      "t.add(1, 'x', deep=None)",
    );
    const linked = one.link(add.s(1).link(total.si([3]))).link(add.s(2));
    expect(linked.flattenLinks().map(({ task, args }) => [task, args])).toEqual([
      ['t.add', [1, 2]],
      ['t.add', [1]],
      ['t.total', [[3]]],
      ['t.add', [2]],
    ]);
    const steps = chain(add.s(1, 2), add.s(3)).link(add.s(4)).linkError(add.si(9, 9)).unchain();
    expect(steps.map(({ options }) => Object.keys(options))).toEqual([
      ['link_error'],
      ['link_error', 'link'],
    ]);
  });

  it('of a group starts its members one after the other', () => {
    const { add } = tasks();
    const starts = (canvas: Group<unknown, unknown>): unknown[] =>
      (canvas.toJSON().kwargs['tasks'] as unknown[]).map((task) =>
        Reflect.get(Object(optionsOf(task)), 'countdown'),
      );
    const four = () => group([1, 2, 3, 4].map((n) => add.s(n, n)));
    expect(starts(four().skew())).toEqual([1, 2, 3, 4]);
    expect(starts(four().skew({ start: 1, stop: 9, step: 4 }))).toEqual([1, 5, 9, 9]);
    expect(starts(four().skew({ start: 0, stop: 3, step: 2 }))).toEqual([0, 2, 2, 2]);
  });
});

describe('errbacks of a chord', () => {
  it('are for the header too when the setting says so', async () => {
    const broad = new Celery(
      'tasks',
      { broker: bench.redis.url(0), backend: bench.redis.url(1), task_allow_error_cb_on_chord_header: true },
      silentLogger,
    );
    tasks();
    const { add, total, told, fail } = tasks(broad);
    const heard: string[] = [];
    app.task('t.heard', { bind: true }, (self, _id = '') => heard.push(`${self.request.parentId}`));
    const errback = broad.signature('t.heard');
    const direct = chord([add.s(1, 1), fail.s('header')], total.s()).linkError(errback);
    const inChain = chain(add.s(1, 1), chord([add.s(1), fail.si('header')], total.s())).linkError(errback);
    for (const canvas of [direct, inChain]) {
      const result = await canvas.delay();
      await expect(result.get(wait)).rejects.toThrow('header');
      const members = result.parent?.leaves().map(({ id }) => id);
      await expect.poll(() => [...heard].sort()).toEqual([`${members?.[1]}`, result.id].sort());
      heard.length = 0;
    }
    const own = chord([add.s(1, 1)], total.s()).linkError(told.s());
    expect(stored(own).kwargs).toMatchObject({
      header: [{ options: { link_error: [{ task: 't.told', immutable: true }] } }],
      body: { options: { link_error: [{ task: 't.told', immutable: false }] } },
    });
    await broad.close();
  });

  it('are told for each member of a group as body, and for the first step of a chain', async () => {
    const { add, total, fail } = tasks();
    const heard: string[] = [];
    app.task('t.heard_of', (id: string, place: string) => heard.push(`${place} ${id}`));
    const at = (place: string) => app.signature('t.heard_of', [place]);
    const asGroup = await chord(
      [fail.s('x'), add.s(1, 1)],
      group(total.s().linkError(at('one')), total.s().linkError(at('two'))),
    ).delay();
    const [one, two] = asGroup.results;
    await expect.poll(() => [...heard].sort()).toEqual([`one ${one?.id}`, `two ${two?.id}`]);
    heard.length = 0;
    expect(await app.AsyncResult(asGroup.id).status()).toBe('FAILURE');
    const asChain = await chord(
      [fail.s('x'), add.s(1, 1)],
      chain(total.s().linkError(at('first')), add.s(1)).linkError(at('all')),
    ).delay();
    await expect.poll(() => [...heard].sort()).toEqual([`all ${asChain.id}`, `first ${asChain.id}`]);
    heard.length = 0;
  });

  it('say what went wrong when the body cannot be sent', async () => {
    const { add } = tasks();
    const body = app.signature('t.total', [], { queue: 'q', priority: 999 });
    const result = await chord([add.s(1, 1)], body).delay();
    await expect(result.get({ ...wait, followParents: false })).rejects.toThrow(
      /^Callback error: .*priority must be a whole number/,
    );
  });
});

describe('a task', () => {
  it('may add to its chord now, and send it later', async () => {
    const { add, total } = tasks();
    const lazy = app.task('t.lazy', { bind: true }, async (self, x: number) => {
      const added = await self.addToChord(add.s(x, 100), { lazy: true });
      await added.applyAsync();
      return x;
    });
    expect(await (await chord([lazy.s(1), lazy.s(2)], total.s()).delay()).get(wait)).toBe(206);
  });

  it('may change what replaces it', async () => {
    const { add } = tasks();
    class Marking extends Task<[], Promise<number>> {
      name = 't.marking';
      run(): Promise<number> {
        return this.replace(add.s(1, 2));
      }
      override onReplace(replacement: StoredCanvas): Promise<unknown> {
        return super.onReplace(replacement.set({ headers: { marked: true } }));
      }
    }
    const marking = app.tasks.register(new Marking());
    const result = await marking.delay();
    expect(await result.get(wait)).toBe(3);
    const run = bench.worker.runs.find(({ request }) => request.id === result.id && request.task === 't.add');
    expect(run?.request.customHeaders).toEqual({ marked: true });
  });
});

describe('the tasks that every app has', () => {
  it("are Celery's", () => {
    const names = [...app.tasks].map(({ name }) => name).filter((name) => name.startsWith('celery.'));
    expect(names.sort()).toEqual(
      'accumulate backend_cleanup chain chord chord_unlock chunks group map starmap'
        .split(' ')
        .map((name) => `celery.${name}`),
    );
  });

  it('send groups and chords as Celery 3 did', async () => {
    const { add, total } = tasks();
    const sent = await app.sendTask('celery.chord', [[add.s(1, 1), add.s(2, 2)], total.s()]);
    const chained = app.resultFromTuple(await sent.get(wait));
    expect(await chained.get(wait)).toBe(6);
    const grouped = await app.sendTask('celery.group', [[add.s(1), add.s(2)], [], 'old-group', [10]]);
    expect(await app.resultFromTuple(await grouped.get(wait)).get(wait)).toEqual([11, 12]);
    await expect((await app.sendTask('celery.chain', [])).get(wait)).rejects.toThrow(
      'chain is not a real task',
    );
  });
});
