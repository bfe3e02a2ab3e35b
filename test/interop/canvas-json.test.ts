import { expect, test } from 'vitest';
import { type AnyCanvas, Celery, chain, chord, group } from '../../lib/index.ts';
import { isCeleryFrom, python } from '../kit/python.ts';

/* What Python's own objects compose, against what ours do: `a | b` there, chain and pipe here. Nothing is sent. */

const app = new Celery('json', { broker: 'redis://127.0.0.1:1/0' });
const s = (name: string, ...args: unknown[]) => app.signature<never>(name, args);
const [a, b, c, d, e] = [s('a', 1), s('b'), s('c'), s('d'), s('e')];
const pair = () => group(b.clone(), c.clone());

const mapped = app.task('a', (...args: unknown[]): unknown => args);
const TRIPLE = [
  [1, 2],
  [3, 4],
  [5, 6],
];

const CASES: [string, AnyCanvas][] = [
  ['a | b', a.pipe(b)],
  ['chain(a, b, c)', chain([a, b, c])],
  ['chain(chain(a, b), chain(c, d))', chain([chain([a, b]), chain([c, d])])],
  ['a | group(b, c)', a.pipe(pair())],
  ['a | group(b, c) | d', a.pipe(pair()).pipe(d)],
  ['a | group(b, c) | d | e', a.pipe(pair()).pipe(d).pipe(e)],
  ['group(b, c) | d', pair().pipe(d)],
  ['group(b, c) | d | e', pair().pipe(d).pipe(e)],
  ['a | group([b]) | c', chain([a, group([b]), c] as AnyCanvas[])],
  ['a | group(b, c) | group(d, e)', a.pipe(pair()).pipe(group(d, e))],
  ['chord([b, c], d)', chord([b, c], d)],
  ['chord([b, c], d) | e', chord([b, c], d).pipe(e)],
  ['chord([b, c], d | e)', chord([b, c], d.pipe(e))],
  ['a | chord([b, c], d)', a.pipe(chord([b, c], d))],
  ['a | chord([b, c], d) | e', a.pipe(chord([b, c], d)).pipe(e)],
  ['chain(a, b).on_error(e) | c', chain([a, b]).onError(e).pipe(c)],
  [
    'a.clone().set(immutable=True, queue="q", priority=3, countdown=5)',
    a.clone().set({ immutable: true, queue: 'q', priority: 3, countdown: 5 }),
  ],
  ['a.clone((7,), {"k": 1})', a.clone([7], { kwargs: { k: 1 } })],
  ['chain(a, b) | chain(c, d)', chain([a, b]).pipe(chain([c, d]))],
  ['chain(a, group(b, c)) | d', chain([a, pair()] as AnyCanvas[]).pipe(d)],
  ['chain(a, group(b, c), d) | e', chain([a, pair(), d] as AnyCanvas[]).pipe(e)],
  ['a | chain(b, c) | group(d, e)', a.pipe(chain([b, c])).pipe(group(d, e))],
  ['a | (b | group(c, d))', a.pipe(b.pipe(group(c, d)))],
  ['group(b, c) | (d | e)', pair().pipe(d.pipe(e))],
  ['group(b, c) | group(d, e)', pair().pipe(group(d, e))],
  ['chord(group(b, c), d)', chord(pair(), d)],
  ['chord([b, c], d) | group(a, e)', chord([b, c], d).pipe(group(a, e))],
  ['group(group(b, c), d)', group(pair(), d)],
  ['group(chain(a, b), c)', group(chain([a, b]), c)],
  ['chord([chain(a, b), c], d)', chord([chain([a, b]), c], d)],
  ['linked(a, b, c)', a.clone().link(b).linkError(c)],
  ['linked(chain(a, b), c, d)', chain([a, b]).link(c).linkError(d)],
  ['linked(group(b, c), d, e)', pair().link(d).linkError(e)],
  ['linked(chord([b, c], d), a, e)', chord([b, c], d).link(a).linkError(e)],
  ['twice(a, b)', a.clone().link(b).link(b).linkError(b).linkError(b)],
  ['app.signature("a", args=(1,), immutable=True)', app.signature('a', [1]).set({ immutable: true })],
  ['unmoved(group(b, c))', pair().set({ immutable: true })],
  ['unmoved(chord([b, c], d))', chord([b, c], d).set({ immutable: true })],
  ['group(b, c).set(queue="q")', pair().set({ queue: 'q' })],
  ['xmap(app.signature("a"), [1, 2])', mapped.map([1, 2])],
  ['xstarmap(app.signature("a"), [(1, 2)])', mapped.starmap([[1, 2]])],
  ['chunks(app.signature("a"), [(1, 2), (3, 4), (5, 6)], 2).group()', mapped.chunks(TRIPLE, 2)],
  ['skewed(group(b, c, d))', group(b.clone(), c.clone(), d.clone()).skew({ start: 1, stop: 2 })],
];

/** What 5.2 composes in another way than 5.5, 5.6 and ours. */
const LATER: [string, AnyCanvas][] = [
  ['a | chord([b, c], d) | group(a, e)', a.pipe(chord([b, c], d)).pipe(group(a, e))],
  ['linked(chain(a, b), c, d) | e', chain([a, b]).link(c).linkError(d).pipe(e)],
  ['chord([b, c], d) | chord([b, c], e)', chord([b, c], d).pipe(chord([b, c], e))],
];

test('the same JSON', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const source = [
    'from celery import chain, group, chord',
    'from celery.canvas import chunks, xmap, xstarmap',
    'def linked(x, callback, errback): x.link(callback); x.link_error(errback); return x',
    'def twice(x, y): x.link(y); return linked(x, y, y)',
    'def unmoved(x): x.set_immutable(True); return x',
    'def skewed(x): return x.skew(start=1, stop=2)',
    `def fresh(): return {n: app.signature(n, args=(1,) if n == "a" else ()) for n in ${JSON.stringify(names)}}`,
    // 5.6 leaves this among the options of a group's errbacks, where nothing reads it.
    'def bare(x): x.get("options", {}).pop("immutable", None); return x',
    'def plain(x): return json.loads(json.dumps(x, default=lambda v: list(v)), object_hook=bare)',
    'def made(all): return [plain(eval(x, {**globals(), **fresh()})) for x in all]',
    `[made(${expressionsOf(CASES)}), made(${expressionsOf(LATER)})]`,
  ].join('\n');
  const [common, later] = (await python(
    { broker: 'redis://127.0.0.1:1/0', backend: 'redis://127.0.0.1:1/1' },
    source,
  )) as [unknown[], unknown[]];
  const isLater = isCeleryFrom(5, 5);
  const expected = isLater ? [...common, ...later] : common;
  const made = isLater ? [...CASES, ...LATER] : CASES;
  expect(expected).toHaveLength(made.length);
  for (const [index, [expression, canvas]] of made.entries()) {
    const json = JSON.parse(JSON.stringify(canvas));
    expect.soft([expression, json]).toEqual([expression, expected[index]]);
  }
});

function expressionsOf(cases: readonly [string, AnyCanvas][]): string {
  return JSON.stringify(cases.map(([expression]) => expression));
}

test('what Celery 5.6 composes in another way than 5.2, without asking it', () => {
  /** The canvas as Python would write it. */
  const shape = (json: unknown): string => {
    const { task, kwargs, options } = Object(json);
    const list = (items: unknown[]): string => items.map(shape).join(', ');
    if (task === 'celery.chain') return `chain(${list(kwargs.tasks)})`;
    if (task === 'celery.group') return `group(${list(kwargs.tasks)})`;
    if (task === 'celery.chord') return `chord([${list(kwargs.header)}], ${shape(kwargs.body)})`;
    return [
      task,
      ...['link', 'link_error'].flatMap((key) => (options[key] ? `${key}(${list(options[key])})` : [])),
    ].join('.');
  };
  expect(shape(a.pipe(chord([b, c], d)).pipe(group(a, e)))).toBe(
    'chain(a, chord([b, c], chain(d, group(a, e))))',
  );
  expect(shape(chain([a, b]).link(c).linkError(d).pipe(e))).toBe(
    'chain(a.link_error(d), b.link(c).link_error(d), e)',
  );
});
