import {
  type AnyCanvas,
  type AsyncResult,
  Celery,
  type Chain,
  chain,
  chord,
  type Group,
  type GroupResult,
  group,
  type Immutable,
  type ImmutableSignature,
  ResultSet,
  type Signature,
  type SignatureJson,
  type StoredCanvas,
  type TaskContext,
} from 'umbel';
import { expectTypeOf } from 'vitest';

const app = new Celery('tasks', { broker: 'redis://localhost:6379/0' });
const add = app.task('tasks.add', (x: number, y: number) => x + y);
const mul = app.task('tasks.mul', async (x: number, y: number) => x * y);
const total = app.task('tasks.total', (numbers: number[]) => numbers.length);
const show = app.task('tasks.show', (value: number, digits = 2) => value.toFixed(digits));
const join = app.task('tasks.join', (...texts: string[]) => texts.join(' '));
const pair = app.task('tasks.pair', (both: [number, string]) => both[0] + both[1].length);

// Signatures: all arguments, or the last of them.
expectTypeOf(add.s(1, 2).delay()).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(add.s(2).delay).parameters.toEqualTypeOf<[number]>();
expectTypeOf(add.s().delay).parameters.toEqualTypeOf<[number, number]>();
expectTypeOf(mul.s(1, 2).applyAsync([], { countdown: 3 })).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(show.s(1)).toExtend<Signature<[value: number, digits?: number], [number], string>>();
// @ts-expect-error a text is no number
add.s('1', 2);
// @ts-expect-error too many arguments
add.s(1, 2, 3);
// @ts-expect-error an argument is missing
void add.s(2).delay();
// @ts-expect-error it takes a number
void add.s(2).delay('1');
// @ts-expect-error an immutable signature has all its arguments
add.si(1);
// @ts-expect-error no such option
add.s(1, 2).set({ countDown: 1 });
expectTypeOf(add.s(1).applyAsync([2], { countdown: 1 })).resolves.toEqualTypeOf<AsyncResult<number>>();
// @ts-expect-error it takes a number
void add.s(1).applyAsync(['a']);
// @ts-expect-error an argument is missing
void add.s(1).applyAsync();
// @ts-expect-error here as well
void add.s(1).apply();
// @ts-expect-error nothing is open
void add.s(1, 2).applyAsync([3]);
// @ts-expect-error nor in an immutable one
void add.si(1, 2).delay(3);
// @ts-expect-error nor here
void add.si(1, 2).applyAsync([3]);
// What is missing may come as kwargs.
void add.s(1).applyAsync([], { kwargs: { y: 2 } });
void add.signature([], { kwargs: { x: 1, y: 2 } }).delay();
// @ts-expect-error what stands before them must fit still
void add.s().applyAsync(['a'], { kwargs: { y: 1 } });
// Parameters that may be left out, and any number of them.
const three = app.task('tasks.three', (a: number, b?: string, c?: boolean) => [a, b, c].length);
expectTypeOf(three.s(true).delay).parameters.toEqualTypeOf<[number, string]>();
void three.s(1).delay();
void three.s().delay(1, 'b');
void join.s('last').delay('first', 'second');
// @ts-expect-error a boolean is no text
void three.s().delay(1, true);
// @ts-expect-error a number is no text
void join.s('last').delay(1);

// Chains: each step takes what the one before it gives.
expectTypeOf(chain(add.s(1, 2), mul.s(10)).delay()).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(chain(add.s(1, 2), mul.s(10), show.s()).delay()).resolves.toEqualTypeOf<AsyncResult<string>>();
expectTypeOf(chain(add.s(1, 2), show.s(3)).delay()).resolves.toEqualTypeOf<AsyncResult<string>>();
expectTypeOf(chain(show.s(1), join.s('x')).delay()).resolves.toEqualTypeOf<AsyncResult<string>>();
expectTypeOf(add.s(1, 2).pipe(mul.s(10)).pipe(show.s()).delay()).resolves.toEqualTypeOf<
  AsyncResult<string>
>();
expectTypeOf(chain(add.s(1), add.si(1, 2))).toEqualTypeOf<Chain<[x: number], number, AsyncResult<number>>>();
expectTypeOf(chain([add.s(1), mul.s(2)]).delay(3)).resolves.toEqualTypeOf<AsyncResult<number>>();
// @ts-expect-error a text does not go into add
chain(show.s(1), add.s(2));
// @ts-expect-error nor in the middle
chain(add.s(1, 2), show.s(), mul.s(10), show.s());
// @ts-expect-error add has both its arguments already
chain(add.s(1, 2), add.s(1, 2));
// @ts-expect-error nor by pipe
show.s(1).pipe(add.s(2));
// @ts-expect-error nor at the end of a chain
chain(add.s(1, 2), show.s()).pipe(add.s(2));
// @ts-expect-error nor in a list
chain([add.s(1, 2), show.s(), add.s(2)]);
// What is open in the first step is open in the chain.
expectTypeOf(chain(add.s(1), mul.s(2)).delay).parameters.toEqualTypeOf<[number]>();
expectTypeOf(chain(chain(add.s(), mul.s(2)), show.s()).delay).parameters.toEqualTypeOf<[number, number]>();
expectTypeOf(add.s(1).pipe(mul.s(2)).delay).parameters.toEqualTypeOf<[number]>();
void chain(add.s(1), mul.s(2)).applyAsync([3], { countdown: 1 });
// @ts-expect-error an argument is missing
void chain(add.s(1), add.s(2)).delay();
// @ts-expect-error it takes a number
void chain(add.s(1), add.s(2)).delay('a');
// @ts-expect-error it takes a number
void chain(add.s(1), add.s(2)).applyAsync(['a']);
// @ts-expect-error nothing is open
void chain(add.s(1, 2), add.s(2)).delay(3);
// @ts-expect-error an argument of the header is missing
void chain(group(add.s(1), add.s(2)), total.s()).delay();
// @ts-expect-error here as well
void chain([add.s(1), add.s(2)]).delay();
void chain(group(add.s(1), add.s(2)), total.s()).delay(3);
void chain(new Set([add.s(1)])).delay(2);

// Groups: the tuple of what they return.
const both = group(add.s(1, 2), show.s(3));
expectTypeOf(both.delay()).resolves.toEqualTypeOf<GroupResult<[number, string]>>();
expectTypeOf((await both.delay()).get({ timeout: 1 })).resolves.toEqualTypeOf<[number, string]>();
expectTypeOf(group([1, 2, 3].map((n) => add.s(n, n))).delay()).resolves.toEqualTypeOf<
  GroupResult<number[]>
>();
expectTypeOf(chain(add.s(1, 2), group(add.s(1), show.s())).delay()).resolves.toEqualTypeOf<
  GroupResult<[number, string]>
>();
// @ts-expect-error join takes texts
chain(add.s(1, 2), group(add.s(1), join.s('x')));
// All members get what is added.
expectTypeOf(group(add.s(1), mul.s(2)).delay).parameters.toEqualTypeOf<[number]>();
expectTypeOf(group(add.s(1), show.s(), add.si(1, 2)).delay).parameters.toEqualTypeOf<[number]>();
void group(group(add.s(1)), chain(add.s(2), show.s()), chord([add.s(3), mul.s(4)], total.s())).delay(5);
void group([add.s(1), add.s(2)]).delay(3);
void group([]).delay();
// @ts-expect-error an argument is missing
void group(add.s(1)).delay();
// @ts-expect-error here as well
void group([add.s(1), add.s(2)]).delay();
// @ts-expect-error here as well
void group(group(add.s(1)), chain(add.s(2), show.s())).delay();
// @ts-expect-error it takes a number
void group(add.s(1)).applyAsync(['a']);
// @ts-expect-error one lacks an argument, and the other has all
void group(add.s(1), add.s(1, 2)).delay(3);
// @ts-expect-error nor is it right without
void group(add.s(1), add.s(1, 2)).delay();
// @ts-expect-error one takes a number, and the other a list of them
void group(add.s(1), total.s()).delay(3);

// Chords: the body takes the list.
expectTypeOf(chord([add.s(1, 2), mul.s(3, 4)], total.s()).delay()).resolves.toEqualTypeOf<
  AsyncResult<number>
>();
expectTypeOf(chord([add.s(1, 2), show.s(3)], pair.s()).delay()).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(chord(both, pair.s()).delay()).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(both.pipe(pair.s()).delay()).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(
  chain(add.s(1, 2), group(add.s(1), mul.s(2)), total.s(), show.s()).delay(),
).resolves.toEqualTypeOf<AsyncResult<string>>();
expectTypeOf(chord([add.s(1, 2)], chain(total.s(), show.s())).delay()).resolves.toEqualTypeOf<
  AsyncResult<string>
>();
expectTypeOf(chord([add.s(1), mul.s(2)], total.s()).delay).parameters.toEqualTypeOf<[number]>();
expectTypeOf(chord(group(add.s(1), mul.s(2)), total.s()).delay).parameters.toEqualTypeOf<[number]>();
void chord([chord([add.s(1)], total.s()), add.s(2)], total.s()).delay(3);
// @ts-expect-error an argument is missing
void chord([add.s(1), mul.s(2)], total.s()).delay();
// @ts-expect-error in the inner header
void chord([chord([add.s(1)], total.s()), add.s(2)], total.s()).delay();
// @ts-expect-error it takes a number
void chord([add.s(1), mul.s(2)], total.s()).delay('a');
// @ts-expect-error texts are no numbers
chord([show.s(1), show.s(2)], total.s());
// @ts-expect-error nor in a chain
chain(group(show.s(1), show.s(2)), total.s());

// Maps and chunks.
expectTypeOf(show.map([1, 2]).delay()).resolves.toEqualTypeOf<AsyncResult<string[]>>();
expectTypeOf(add.starmap([[1, 2]]).delay()).resolves.toEqualTypeOf<AsyncResult<number[]>>();
expectTypeOf(add.chunks([[1, 2]], 10)).toEqualTypeOf<Group<Immutable, number[][]>>();
// @ts-expect-error a text is no number
add.starmap([[1, '2']]);
// @ts-expect-error add needs two
add.map([1, 2]);
// @ts-expect-error each item has all its arguments already
void add.starmap([[1, 2]]).delay(3);
expectTypeOf(total.map([[1, 2]])).toEqualTypeOf<ImmutableSignature<number[]>>();
void join.map(['a', 'b']).delay();
void chain(add.s(1, 2), add.chunks([[1, 2]], 1)).delay();

// Tasks that are elsewhere.
const elsewhere = app.signature<number>('py.add', [1], { queue: 'py' });
expectTypeOf(chain(add.s(1, 2), elsewhere, show.s()).delay()).resolves.toEqualTypeOf<AsyncResult<string>>();
// @ts-expect-error not said what it returns
chain(app.signature('py.add', [1, 2]), show.s());

// Nothing is asked of what nothing is known of.
declare const anything: AnyCanvas;
void elsewhere.delay(1, 2).then(() => app.signature('py.add').applyAsync());
void chain(add.s(1, 2), anything, app.signature('py.add')).link(show.s()).delay();
void chain(anything, anything).delay(1, 2);
void group(anything, add.s(1)).delay(2);

// A callback takes what the task gives; that of a group nothing.
add.s(1, 2).link(show.s()).link(add.s(1)).link(add.si(1, 2)).link({ task: 'py.log' });
chain(add.s(1), show.s()).link(join.s());
chord([add.s(1)], total.s()).link(show.s());
group(add.s(1), add.s(2)).link(show.s(1));
// @ts-expect-error total takes a list
add.s(1, 2).link(total.s());
// @ts-expect-error show gives a text
chain(add.s(1), show.s()).link(add.s(1));
// @ts-expect-error total gives a number
chord([add.s(1)], total.s()).link(total.s());
// @ts-expect-error nothing is passed on
group(add.s(1), add.s(2)).link(add.s(1));
// @ts-expect-error nor when the chain ends in a group
chain(add.s(1), group(add.s(1), add.s(2))).link(total.s());

// An errback takes the id, or (request, exc, traceback), before its own arguments.
const tell = app.task('tasks.tell', (id: string, to = 'ops') => [id, to].length);
const explain = app.task('tasks.explain', (request: TaskContext, exc: Error, traceback: string | null) =>
  [request.id, exc.message, traceback].join(),
);
const note = app.task('tasks.note', (_r: { id: string }, exc: unknown, _t: unknown, to: string) => [exc, to]);
add.s(1, 2).linkError(tell.s()).onError(explain.s()).linkError(note.s('ops')).linkError(add.si(1, 2));
group(add.s(1), add.s(2)).linkError(explain.s());
chain(add.s(1), chord([add.s(1)], total.s())).linkError(tell.s());
// @ts-expect-error an id is no number
add.s(1, 2).linkError(add.s());
// @ts-expect-error nor before the others
add.s(1, 2).onError(add.s(1));
// @ts-expect-error one is missing
group(add.s(1)).linkError(note.s());

// A signature fits where a link is asked for.
void add.applyAsync([1, 2], { link: show.s(), linkError: [join.s()] });
add.s(1, 2).link(show.s()).linkError(join.s()).set({ queue: 'other' }).freeze();

// What is stored as JSON is found again; what it gives is ours to say.
const stored = app.signature<number>(JSON.parse('{}') as SignatureJson);
expectTypeOf(stored).toEqualTypeOf<StoredCanvas<number>>();
expectTypeOf(chain(stored, show.s()).delay()).resolves.toEqualTypeOf<AsyncResult<string>>();
// @ts-expect-error join takes texts
chain(stored, join.s('x'));

// Changes keep the type.
expectTypeOf(add.s(1).stamp({ tenant: 'acme' })).toEqualTypeOf(add.s(1));
expectTypeOf(
  add.s(1).stamp({ onSignature: () => undefined }, { appendStamps: true }, { a: 1 }),
).toEqualTypeOf(add.s(1));
expectTypeOf(both.skew({ step: 2 })).toEqualTypeOf(both);
expectTypeOf(add.s(1).replace({ options: { queue: 'other' } })).toEqualTypeOf(add.s(1));
expectTypeOf(add.s(1).replace({ args: [1, 2] }).delay).parameters.toEqualTypeOf<[]>();
void add.s(1, 2).replace({ args: [] }).delay(1, 2);
void chain(add.s(1), show.s())
  .replace({ args: [2] })
  .applyAsync();
// @ts-expect-error texts are no numbers
add.s(1, 2).replace({ args: ['a', 'b'] });
// @ts-expect-error no such option
add.s(1).stamp({ tenant: 'acme' }, { append: true });

// Results.
const sum = await add.delay(1, 2);
expectTypeOf(sum.get({ propagate: false })).resolves.toEqualTypeOf<number | Error>();
expectTypeOf(sum.onReady).parameter(0).toEqualTypeOf<(value: number) => void>();
expectTypeOf(new ResultSet<[number, string]>(app, []).get()).resolves.toEqualTypeOf<[number, string]>();
expectTypeOf((await both.delay()).join()).resolves.toEqualTypeOf<[number, string]>();
expectTypeOf(add.s(1, 2).apply([], { throw: true })).resolves.toEqualTypeOf<AsyncResult<number>>();
