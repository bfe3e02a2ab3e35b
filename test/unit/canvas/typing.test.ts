import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Celery, chain, chord, group, type StoredCanvas, Task } from '../../../lib/index.ts';
import { silentLogger } from '../../../lib/util/logger.ts';
import { MiniBench } from '../../kit/mini-bench.ts';

let bench: MiniBench;
let app: Celery;

const wait = { timeout: 5 };
const notes: unknown[][] = [];

beforeAll(async () => {
  bench = await MiniBench.start();
  app = bench.app;
});

afterEach(() => {
  notes.length = 0;
});

afterAll(() => bench.stop());

function tasks() {
  return {
    add: app.task('t.add', (x: number, y: number) => x + y),
    total: app.task('t.total', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0)),
    fail: app.task('t.fail', (text: string): number => {
      throw new RangeError(text);
    }),
  };
}

/** The compiler would refuse them too. */
const untyped = (canvas: object): StoredCanvas => app.signature(JSON.parse(JSON.stringify(canvas)));

describe('a wrong number of arguments is refused before anything is sent', () => {
  const missing = "add() missing 1 required positional argument: 'y'";

  it.each<[string, () => object, readonly unknown[], string]>([
    ['a signature', () => tasks().add.s(1), [], missing],
    ['too many', () => tasks().add.s(1, 2), [3], 'add() takes 2 positional arguments but 3 were given'],
    ['a group', () => group(tasks().add.s(1, 2), tasks().add.s(1)), [], missing],
    ['a group in a group', () => group(tasks().add.s(1, 2), group(tasks().add.s(1))), [], missing],
    ['the first step', () => chain(tasks().add.s(1), tasks().add.s(2)), [], missing],
    [
      'a first step of several',
      () => chain(group(tasks().add.s(1, 2), tasks().add.s(1)), tasks().total.s()),
      [],
      missing,
    ],
    ['a header', () => chord([tasks().add.s(1, 2), tasks().add.s(1)], tasks().total.s()), [], missing],
    [
      'what is added to a header',
      () => chord([tasks().add.s(1, 2)], tasks().total.s()),
      [3],
      'add() takes 2 positional arguments but 3 were given',
    ],
    [
      'a chain in a header',
      () => chord([chain(tasks().add.s(1), tasks().add.s(2))], tasks().total.s()),
      [],
      missing,
    ],
    [
      'the body of an empty header',
      () => chord([], app.signature('t.total', [[1]])),
      [],
      'total() takes 1 positional argument but 2 were given',
    ],
    [
      'a keyword',
      () => app.signature('t.add', [1], { kwargs: { z: 2 } }),
      [],
      "add() got an unexpected keyword argument 'z'",
    ],
  ])('%s', async (_name, make, args, message) => {
    const published: string[] = [];
    const stop = app.on('before_task_publish', ({ taskId }) => {
      published.push(taskId);
    });
    await expect(untyped(make()).applyAsync(args)).rejects.toThrow(new TypeError(message));
    stop();
    expect(published).toEqual([]);
  });

  it('also when calls run at once, as in tests', async () => {
    const eager = new Celery('eager', { task_always_eager: true }, silentLogger);
    const add = eager.task('t.add', (x: number, y: number) => x + y);
    await expect(eager.signature(group(add.s(1))).applyAsync()).rejects.toThrow(new TypeError(missing));
  });

  it('not of tasks that are elsewhere, of those without typing, and of sendTask', async () => {
    app.task('t.loose', { typing: false }, (x: number, y: number) => [x, y]);
    const loose = await app.signature('t.loose', [1, 2, 3]).applyAsync();
    expect(await loose.get(wait)).toEqual([1, 2]);
    await app.signature('elsewhere.add', [1]).set({ queue: 'elsewhere' }).applyAsync();
    await expect((await app.sendTask('t.add', [tasks().add.length])).get(wait)).rejects.toThrow(missing);
  });

  it('of what comes later when it is sent: the task that sends it fails, and so does the body of a chord', async () => {
    const { add, total } = tasks();
    const late = await untyped(chain(add.s(1, 2), untyped(add.s()))).applyAsync();
    await expect(late.get(wait)).rejects.toThrow(missing);
    const linked = await untyped(add.s(1, 2).link(untyped(total.s([1])))).applyAsync();
    await expect(linked.get(wait)).rejects.toThrow('total() takes 1 positional argument but 2 were given');
    const body = await chord([add.s(1, 2)], untyped(total.s([1]))).applyAsync();
    await expect(body.get(wait)).rejects.toThrow('Callback error: TypeError(');
  });
});

describe('errbacks', () => {
  const kinds = (): Record<string, object> => ({
    id: app.task('e.id', (id: string) => notes.push(['id', id])).s(),
    'id and more': app.task('e.more', (id: string, to: string) => notes.push(['more', id, to])).s('ops'),
    three: app
      .task('e.three', (request: { id: string }, exc: Error, traceback: string | null) =>
        notes.push(['three', request.id, exc.name, exc.message, traceback?.includes('RangeError')]),
      )
      .s(),
    'three and more': app
      .task('e.four', (request: { args: unknown }, exc: unknown, _t: unknown, to: string) =>
        notes.push(['four', request.args, exc instanceof Error, to]),
      )
      .s('ops'),
    'any number': app.task('e.any', (...all: unknown[]) => notes.push(['any', all.length])).s(),
    bound: app
      .task('e.bound', { bind: true }, (self, id: string, to = 'ops', _copy = '') =>
        notes.push(['bound', id, to, self.request.id !== '']),
      )
      .s(),
    'bound, with three': app
      .task('e.bound3', { bind: true }, (self, request: { id: string }, _e: Error, _t: unknown) =>
        notes.push(['bound3', request.id, self.name]),
      )
      .s(),
    'a class': app.tasks.register(new Told()).s(),
    'without the failure': app
      .task('e.si', { bind: true }, (self, a: number, b: number, c: number) =>
        notes.push(['si', a, b, c, self.request.id !== '']),
      )
      .si(1, 2, 3),
  });

  class Told extends Task {
    override readonly name = 'e.told';
    override run(request: { id: string }, exc: Error, _traceback: unknown): number {
      return notes.push(['told', request.id, exc.message]);
    }
  }

  it.each<[string, (id: string) => unknown[]]>([
    ['id', (id) => ['id', id]],
    ['id and more', (id) => ['more', id, 'ops']],
    ['three', (id) => ['three', id, 'ValueError', 'no', true]],
    ['three and more', () => ['four', ['no'], true, 'ops']],
    ['any number', () => ['any', 3]],
    ['bound', (id) => ['bound', id, 'ops', true]],
    ['bound, with three', (id) => ['bound3', id, 'e.bound3']],
    ['a class', (id) => ['told', id, 'no']],
    ['without the failure', () => ['si', 1, 2, 3, true]],
  ])('of the kind "%s" are told', async (kind, expected) => {
    const { fail } = tasks();
    const result = await fail
      .s('no')
      .linkError(untyped(kinds()[kind] ?? {}))
      .delay();
    await expect(result.get(wait)).rejects.toThrow('no');
    await expect.poll(() => notes).toEqual([expected(result.id)]);
  });

  it('of a chord whose body never ran are told of its body', async () => {
    const { fail, total } = tasks();
    const result = await chord([fail.s('no')], total.s())
      .linkError(untyped(kinds()['three'] ?? {}))
      .delay();
    await expect(result.get({ ...wait, followParents: false })).rejects.toThrow('Dependency');
    await expect
      .poll(() => notes)
      .toEqual([['three', result.id, 'ChordError', expect.stringContaining('Dependency'), undefined]]);
  });

  it('run at once in eager mode', async () => {
    const eager = new Celery('eager', { task_always_eager: true }, silentLogger);
    const fail = eager.task('t.fail', (text: string): number => {
      throw new RangeError(text);
    });
    const told = eager.task(
      'e.three',
      (request: { id: string; args: unknown }, exc: Error, traceback: string | null) =>
        notes.push([request.id, request.args, exc.message, traceback !== null]),
    );
    const result = await fail.s('no').linkError(told.s()).delay();
    expect(notes).toEqual([[result.id, ['no'], 'no', true]]);
  });
});

describe('a retry', () => {
  it('keeps the limits, priority and headers of the call, its group, and all that is to follow', async () => {
    const runs = new Map<string, object[]>();
    const again = app.task('r.again', { bind: true, defaultRetryDelay: 0 }, (self): number => {
      const { id, retries, timeLimit, softTimeLimit, expires, priority, ignoreResult, headers } =
        self.request;
      const { group: groupId, groupIndex, rootId, embed } = self.request;
      const limits = { timeLimit, softTimeLimit, expires, priority, ignoreResult, own: headers?.['own'] };
      const place = { groupId, groupIndex, rootId };
      runs.set(id, [...(runs.get(id) ?? []), { ...limits, ...place, embed }]);
      return retries < 1 ? self.retry() : retries;
    });
    const { add, total } = tasks();
    const told = app.task('r.told', (id: string) => id);
    const limits = { timeLimit: 9, softTimeLimit: 8, expires: 600, priority: 3, headers: { own: 1 } };
    const first = again.s().set(limits).link(add.s(1)).linkError(told.s());
    const second = again.s().set({ ignoreResult: false });
    const result = await chord([chain(first, add.s(1)), second], total.s()).delay();
    expect(await result.get(wait)).toBe(3);
    const [one, other] = [...runs.values()].sort(
      (a, b) => JSON.stringify(b).length - JSON.stringify(a).length,
    );
    expect(one?.[1]).toEqual(one?.[0]);
    expect(other?.[1]).toEqual(other?.[0]);
    expect(one?.[1]).toMatchObject({ timeLimit: 9, softTimeLimit: 8, priority: 3, own: 1 });
    expect(one?.[1]).toMatchObject({ embed: { callbacks: [{}], errbacks: [{}], chain: [{}] } });
    expect(other?.[1]).toMatchObject({ embed: { chord: { task: 't.total' } }, groupIndex: 1 });
  });
});

describe('a name that is taken', () => {
  it('keeps its first function; a class replaces it, and a function one that every app has', async () => {
    const own = new Celery('own', { task_always_eager: true }, silentLogger);
    own.task('t.twice', () => 'first');
    const second = own.task('t.twice', () => 'second');
    expect(second()).toBe('first');
    expect(await (await second.delay()).get()).toBe('first');
    class Third extends Task {
      override readonly name = 't.twice';
      override run(): string {
        return 'third';
      }
    }
    own.tasks.register(new Third());
    expect(await (await own.signature('t.twice').delay()).get()).toBe('third');
    own.task('celery.backend_cleanup', () => 'ours');
    expect(await (await own.signature('celery.backend_cleanup').delay()).get()).toBe('ours');
  });
});
