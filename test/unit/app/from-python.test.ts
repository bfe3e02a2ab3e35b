import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Celery } from '../../../lib/index.ts';
import { MiniBench } from '../../kit/mini-bench.ts';
import { python } from '../../kit/python.ts';

/*
 * What Python's canvas puts into messages, run by the tracer: Celery's client composes, waits and judges.
 */

let bench: MiniBench;
let app: Celery;

beforeAll(async () => {
  bench = await MiniBench.start();
  app = bench.app;
  app.task('ts.add', (x: number, y: number) => x + y);
  app.task('ts.tsum', (numbers: number[]) => numbers.reduce((a, b) => a + b, 0));
  app.task('ts.fail', (text: string) => {
    throw new RangeError(text);
  });
  app.task('ts.told', (id: string) => `told of ${id}`);
});

afterAll(() => bench.stop());

const PRELUDE = `
from celery import chain, group, chord
def s(n, *a, **k): return app.signature('ts.' + n, args=a, kwargs=k)
def error(f):
    try: return f()
    except Exception as e: return repr(e)
`;

const run = (expression: string): Promise<unknown> =>
  python({ broker: bench.redis.url(0), backend: bench.redis.url(1) }, `${PRELUDE}\n${expression}`);

it('runs every composition to its end', async () => {
  const values = await run(`values = [c.apply_async().get(timeout=10) for c in [
    s('add', 2, y=9),
    chain(s('add', 1, 1), s('add', 2), s('add', 3)),
    group(s('add', i, i) for i in range(3)),
    chord([s('add', i, i) for i in range(5)], s('tsum')),
    chain(s('add', 1, 1), group(s('add', 1), s('add', 2)), s('tsum')),
    chord([chain(s('add', 1, 1), s('add', 2)), chain(s('add', 3, 3), s('add', 4))], s('tsum')),
    group(s('add', 1, 1), s('add', 2, 2)) | s('tsum') | s('add', 100),
    chord([chord([s('add', 1, 1), s('add', 2, 2)], s('tsum')), s('add', 5, 5)], s('tsum')),
]]
values`);
  expect(values).toEqual([11, 7, [0, 2, 4], 20, 7, 14, 106, 16]);
});

it('tells Python of failures in its own terms', async () => {
  const [plain, inChain, inChord, told, unknown] = (await run(`
failed = chord([s('add', 1, 1), s('fail', 'x')], s('tsum')).apply_async()
app.send_task('ts.fail', ('z',), task_id='the-failed', link_error=s('told').set(task_id='the-errback'))
values = [
  error(lambda: s('fail', 'boom').apply_async().get(timeout=10)),
  error(lambda: chain(s('fail', 'c'), s('add', 1), s('add', 2)).apply_async().get(timeout=10)),
  error(lambda: app.AsyncResult(failed.id).get(timeout=10)),
  app.AsyncResult('the-errback').get(timeout=10),
  error(lambda: s('add', 1, q=3).apply_async().get(timeout=10)),
]
values`)) as string[];
  expect(plain).toBe("ValueError('boom')");
  expect(inChain).toBe("ValueError('c')");
  expect(inChord).toMatch(/^ChordError\("Dependency \S+ raised ValueError\('x'\)"\)$/);
  expect(told).toBe('told of the-failed');
  expect(unknown).toBe(`TypeError("add() got an unexpected keyword argument 'q'")`);
});
