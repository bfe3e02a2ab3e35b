import {
  type AsyncResult,
  Celery,
  type Chain,
  chain,
  chord,
  type Group,
  type GroupResult,
  group,
  ResultSet,
  type Signature,
  type SignatureJson,
  type StoredCanvas,
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

// Chains: each step takes what the one before it gives.
expectTypeOf(chain(add.s(1, 2), mul.s(10)).delay()).resolves.toEqualTypeOf<AsyncResult<number>>();
expectTypeOf(chain(add.s(1, 2), mul.s(10), show.s()).delay()).resolves.toEqualTypeOf<AsyncResult<string>>();
expectTypeOf(chain(add.s(1, 2), show.s(3)).delay()).resolves.toEqualTypeOf<AsyncResult<string>>();
expectTypeOf(chain(show.s(1), join.s('x')).delay()).resolves.toEqualTypeOf<AsyncResult<string>>();
expectTypeOf(add.s(1, 2).pipe(mul.s(10)).pipe(show.s()).delay()).resolves.toEqualTypeOf<
  AsyncResult<string>
>();
expectTypeOf(chain(show.s(1), add.si(1, 2))).toEqualTypeOf<Chain<number, number, AsyncResult<number>>>();
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
// @ts-expect-error texts are no numbers
chord([show.s(1), show.s(2)], total.s());
// @ts-expect-error nor in a chain
chain(group(show.s(1), show.s(2)), total.s());

// Maps and chunks.
expectTypeOf(show.map([1, 2]).delay()).resolves.toEqualTypeOf<AsyncResult<string[]>>();
expectTypeOf(add.starmap([[1, 2]]).delay()).resolves.toEqualTypeOf<AsyncResult<number[]>>();
expectTypeOf(add.chunks([[1, 2]], 10)).toEqualTypeOf<Group<unknown, number[][]>>();
// @ts-expect-error a text is no number
add.starmap([[1, '2']]);

// Tasks that are elsewhere.
const elsewhere = app.signature<number>('py.add', [1], { queue: 'py' });
expectTypeOf(chain(add.s(1, 2), elsewhere, show.s()).delay()).resolves.toEqualTypeOf<AsyncResult<string>>();
// @ts-expect-error not said what it returns
chain(app.signature('py.add', [1, 2]), show.s());

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
// @ts-expect-error no such option
add.s(1).stamp({ tenant: 'acme' }, { append: true });

// Results.
const sum = await add.delay(1, 2);
expectTypeOf(sum.get({ propagate: false })).resolves.toEqualTypeOf<number | Error>();
expectTypeOf(sum.onReady).parameter(0).toEqualTypeOf<(value: number) => void>();
expectTypeOf(new ResultSet<[number, string]>(app, []).get()).resolves.toEqualTypeOf<[number, string]>();
expectTypeOf((await both.delay()).join()).resolves.toEqualTypeOf<[number, string]>();
expectTypeOf(add.s(1, 2).apply([], { throw: true })).resolves.toEqualTypeOf<AsyncResult<number>>();
