import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnyCanvas, Celery, ChordError, chain, chord, GroupResult, group } from '../../lib/index.ts';
import { silentLogger } from '../../lib/util/logger.ts';
import { type TestProcess, umbel } from '../kit/process.ts';
import { type PythonUrls, python, pythonWorker } from '../kit/python.ts';
import { SERVERS, type TestServer } from '../kit/servers.ts';

/*
 * Every primitive, from both clients, with its steps on Python and TypeScript workers in mixtures: one worker of each
 * kind, one queue for each. Ours has its default pool on one server, where children send what follows, and the pool of
 * one process on the other.
 */

const MIXTURES = ['py', 'ts', 'py ts', 'ts py', 'py py ts', 'ts ts py'].map((text) => [text] as const);
const POOL: Readonly<Record<string, string>> = {
  'redis-server': '-P prefork -c 2',
  'embedded engine': '-P async -c 10',
};
const wait = { timeout: 15 };

describe.each(SERVERS)('on $name', ({ name, start }) => {
  let server: TestServer;
  let urls: PythonUrls;
  let tsWorker: TestProcess;
  let pyWorker: TestProcess;
  let app: Celery;

  beforeAll(async () => {
    server = await start();
    urls = { broker: server.url(0), backend: server.url(1) };
    const env = { BROKER_URL: urls.broker, RESULT_BACKEND: urls.backend };
    const worker = `worker -l info ${POOL[name]} -n ts@canvas -Q ts`.split(' ');
    tsWorker = umbel(['-A', 'test/interop/canvas_ts.mjs', ...worker], { env });
    pyWorker = await pythonWorker({ ...urls, queue: 'py' }, ['-n', 'py@canvas', '-c', '2']);
    await tsWorker.waitFor(/ready\./);
    app = new Celery('client', { broker: urls.broker, backend: urls.backend }, silentLogger);
  }, 60_000);

  afterAll(async () => {
    await app.close();
    await tsWorker.stop();
    await pyWorker.stop();
    await server.stop();
  }, 60_000);

  /** Tasks that run in turn on the sides of a mixture. */
  function mixed(mixture: string) {
    const sides = mixture.split(' ');
    let count = 0;
    const next = <R>(name: string, args: unknown[]) => {
      const side = sides[count % sides.length] ?? 'ts';
      count += 1;
      return app.signature<R>(`${side}.${name}`, args, { queue: side });
    };
    return {
      add: (...args: number[]) => next<number>('add', args),
      mul: (...args: number[]) => next<number>('mul', args),
      total: () => next<number>('tsum', []),
      fail: (text: string) => next<number>('fail', [text]),
      flaky: (failures: number) => next<number>('flaky', [failures]),
    };
  }

  const run = async (
    canvas: AnyCanvas & { applyAsync(): Promise<{ get(options: object): Promise<unknown> }> },
  ) => (await canvas.applyAsync()).get(wait);

  test.each(MIXTURES)('chains, groups and chords on %s', async (mixture) => {
    const { add, mul, total } = mixed(mixture);
    const values = await Promise.all(
      [
        chain(add(1, 2), mul(10), add(4)),
        group(add(1, 1), add(2, 2), mul(3, 3)),
        chord([add(1, 1), mul(2, 2), add(3, 3)], total()),
        chain(add(1, 1), group(add(1), add(2))),
        chain(add(1, 1), group(add(1), mul(2), add(3)), total(), mul(100)),
        group(chain(add(1, 1), add(2)), chain(mul(3, 3), mul(2))),
        add(1, 2)
          .pipe(group(mul(1), mul(2), mul(3)))
          .pipe(total())
          .pipe(add(5)),
      ].map(run),
    );
    expect(values).toEqual([34, [2, 4, 9], 12, [3, 4], 1200, [4, 18], 23]);
  });

  test.each(MIXTURES)('nested canvases on %s', async (mixture) => {
    const { add, mul, total } = mixed(mixture);
    const inner = () => chord([add(1, 1), mul(2, 2)], total());
    const values = await Promise.all(
      [
        chord([inner(), add(5, 5)], total()),
        chord([chain(inner(), add(1)), add(3, 3)], total()),
        chain(inner(), group(add(1), add(2)), total(), group(mul(2), mul(3))),
        chain(group(add(1, 1), add(2, 2)), total(), group(add(1), add(2)), total()),
        group(inner(), chain(add(1, 1), group(add(1), add(2)), total())),
        chord(group(group(add(1, 1), add(2, 2)), add(3, 3)), chain(total(), mul(10))),
        chain(add(1, 1), chord([add(1), add(2)], total()), chord([mul(2), mul(3)], total())),
      ].map(run),
    );
    expect(values).toEqual([16, 13, [30, 45], 15, [6, 7], 120, 35]);
  });

  test('an errback with several parameters is called where the task has failed', async () => {
    const told = (id: string) => app.AsyncResult(`explained-${id}`).get(wait);
    const explain = app.signature('ts.explain', ['ops']);
    const ours = await app.signature('ts.fail', ['no'], { queue: 'ts' }).linkError(explain).applyAsync();
    expect(await told(ours.id)).toEqual(['ops', 'ts.fail', ['no'], 'no', 'string']);
    const source =
      'app.signature("ts.fail", ("no",), queue="ts", link_error=app.signature("ts.explain", ("ops",))).apply_async().id';
    const theirs = await python(urls, source);
    expect(await told(String(theirs))).toEqual(['ops', 'ts.fail', ['no'], 'no', 'string']);
  }, 60_000);

  test.each([['py'], ['ts'], ['py ts'], ['ts py']])('tasks that try again on %s', async (mixture) => {
    const { add, flaky, mul, total } = mixed(mixture);
    const values = await Promise.all(
      [
        chain(flaky(2), add(1), mul(10)),
        chain(add(0, 1), flaky(2).set({ immutable: true }), add(1)),
        chord([flaky(1), flaky(2), add(3, 3)], total()),
        chain(group(flaky(2), add(1, 1)), total(), mul(10)),
        chord([add(1, 1), add(2, 2)], flaky(1).set({ immutable: true })),
      ].map(run),
    );
    expect(values).toEqual([30, 3, 9, 40, 1]);
  });

  test.each([['py'], ['ts'], ['py ts'], ['ts py']])('failures on %s', async (mixture) => {
    const { add, fail, total } = mixed(mixture);
    const chained = await chain(
      add(1, 1),
      fail('in a chain').set({ immutable: true }),
      add(1),
      add(2),
    ).applyAsync();
    await expect(chained.get(wait)).rejects.toMatchObject({ name: 'ValueError', message: 'in a chain' });
    await expect.poll(() => chained.status(), { timeout: 5000 }).toBe('FAILURE');
    const grouped = await chain(fail('before a group'), group(add(1), add(2))).applyAsync();
    await expect(grouped.get(wait)).rejects.toMatchObject({ name: 'ValueError', message: 'before a group' });
    const told = app.signature('ts.told', [], { queue: 'ts', taskId: `told-${mixture}` });
    const body = total().linkError(told);
    const joined = await chord([add(1, 1), fail('in a header'), add(2, 2)], body).applyAsync();
    await expect(joined.get(wait)).rejects.toMatchObject({ name: 'ValueError', message: 'in a header' });
    const own = joined.get({ ...wait, followParents: false });
    await expect(own).rejects.toThrow(ChordError);
    await expect(own).rejects.toThrow(/^Dependency \S+ raised ValueError\('in a header'/);
    expect(await app.AsyncResult(`told-${mixture}`).get(wait)).toBe(`told of ${joined.id}`);
  });

  test('results know their parents and children on both sides', async () => {
    const { add } = mixed('ts py');
    const result = await chain(add(1, 2), add(10), add(100), group(add(1), add(2))).applyAsync();
    expect(result).toBeInstanceOf(GroupResult);
    expect(await result.get(wait)).toEqual([114, 115]);
    const third = result.parent;
    const first = third?.parent?.parent;
    expect(await third?.get(wait)).toBe(113);
    const seen = await python(
      urls,
      `r = app.AsyncResult("${first?.id}")\n[r.get(timeout=5), [[c.id for c in n.children or []] for n in (r, r.children[0])], r.children[0].children[0].children[0].get(timeout=5)]`,
    );
    expect(seen).toEqual([3, [[third?.parent?.id], [third?.id]], [114, 115]]);
  });

  test('maps and chunks run on both sides', async () => {
    for (const side of ['py', 'ts']) {
      const add = app.task(`${side}.add`, (x: number, y: number) => x + y);
      const total = app.task(`${side}.tsum`, (numbers: number[]) => numbers.length);
      expect(
        await run(
          add
            .starmap([
              [1, 2],
              [3, 4],
            ])
            .set({ queue: side }),
        ),
      ).toEqual([3, 7]);
      expect(await run(total.map([[1, 2], [3]]).set({ queue: side }))).toEqual([3, 3]);
      const chunks = add
        .chunks(
          [
            [1, 1],
            [2, 2],
            [3, 3],
          ],
          2,
        )
        .set({ queue: side });
      expect(await run(chunks)).toEqual([[2, 4], [6]]);
      const sum = app.signature<number>(`${side}.tsum`, [], { queue: side });
      expect(await run(chain(total.map([[1, 2], [3]]).set({ queue: side }), sum))).toBe(6);
    }
  });

  test("a task in Python's canvas may replace itself and add to its chord", async () => {
    const source = `
def s(name, *args): return app.signature(name, args=args, queue=name[:2])
sent = [c.apply_async() for c in [
    chain(s('py.add', 1, 1), s('ts.hand_over'), s('py.mul', 10)),
    chord([s('ts.hand_over', 1), s('py.add', 2, 2)], s('py.tsum')),
    chord([s('ts.one_more', 1), s('py.add', 2, 2)], s('py.tsum')),
]]
[r.get(timeout=15) for r in sent]`;
    expect(await python(urls, source)).toEqual([80, 11, 106]);
  });

  test("Python's canvases run on both sides, nested as they are", async () => {
    const source = `
from celery.canvas import xmap, xstarmap, chunks
def values(*sides):
    turn = [0]
    def s(name, *args):
        side = sides[turn[0] % len(sides)]; turn[0] += 1
        return app.signature(side + '.' + name, args=args, queue=side)
    a, m, t = (lambda *x: s('add', *x)), (lambda *x: s('mul', *x)), (lambda: s('tsum'))
    inner = lambda: chord([a(1, 1), m(2, 2)], t())
    return [c.apply_async() for c in [
        chain(a(1, 2), m(10), a(4)),
        group(a(1, 1), m(2, 2)),
        chain(a(1, 1), group(a(1), m(2), a(3)), t(), m(100)),
        chord([inner(), a(5, 5)], t()),
        chain(inner(), group(a(1), a(2)), t()),
        chain(group(a(1, 1), a(2, 2)), t(), group(a(1), a(2)), t()),
        chord([chain(a(1, 1), a(2)), inner()], chain(t(), m(10))),
        chain(a(1, 1), group(a(1), a(2))),
    ]]
maps = [
    xstarmap(app.signature('ts.add'), [(1, 2), (3, 4)]).apply_async(queue='ts'),
    xmap(app.signature('ts.tsum'), [[1, 2], [3]]).apply_async(queue='ts'),
    chunks(app.signature('ts.add'), [(1, 1), (2, 2), (3, 3)], 2).group().apply_async(queue='ts'),
    app.send_task('celery.accumulate', (1, 2, 3), {'index': 1}, queue='ts'),
    app.send_task('celery.backend_cleanup', queue='ts'),
]
sent = [values('ts'), values('py', 'ts'), values('ts', 'py'), values('ts', 'ts', 'py'), maps]
[[r.get(timeout=20) for r in row] for row in sent]`;
    const row = [34, [2, 4], 1200, 16, 15, 15, 100, [3, 4]];
    expect(await python(urls, source)).toEqual([
      row,
      row,
      row,
      row,
      [[3, 7], [3, 3], [[2, 4], [6]], 2, null],
    ]);
  });
});
