import { expect, test } from 'vitest';
import { type AnyCanvas, Celery, chain, chord, group } from '../../lib/index.ts';
import { python } from '../kit/python.ts';

/* What Python's own objects compose, against what ours do: `a | b` there, chain and pipe here. Nothing is sent.
 * (Two chords in a row are left out: Debian's 5.2 does not join them yet, 5.6 and we do.) */

const app = new Celery('json', { broker: 'redis://127.0.0.1:1/0' });
const s = (name: string, ...args: unknown[]) => app.signature<never>(name, args);
const [a, b, c, d, e] = [s('a', 1), s('b'), s('c'), s('d'), s('e')];
const pair = () => group(b.clone(), c.clone());

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
];

test('the same JSON', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const source = [
    'from celery import chain, group, chord',
    ...names.map((name) => `${name} = app.signature("${name}", args=(${name === 'a' ? '1,' : ''}))`),
    'def plain(x): return json.loads(json.dumps(x, default=lambda v: list(v)))',
    `[plain(x) for x in [${CASES.map(([expression]) => expression).join(', ')}]]`,
  ].join('\n');
  const expected = await python(
    { broker: 'redis://127.0.0.1:1/0', backend: 'redis://127.0.0.1:1/1' },
    source,
  );
  const made = CASES.map(([expression, canvas]) => [expression, JSON.parse(JSON.stringify(canvas))]);
  expect(made).toEqual(
    CASES.map(([expression], index) => [expression, Reflect.get(Object(expected), index)]),
  );
});
