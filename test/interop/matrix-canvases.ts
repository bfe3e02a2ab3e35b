import {
  type AnyCanvas,
  type AnyResult,
  type Celery,
  chain,
  chord,
  group,
  type Signature,
} from '../../lib/index.ts';
import { uuid } from '../../lib/util/clock.ts';

/* The canvases of matrix.test.ts, as matrix_py.py has them in Python's own objects, and what comes of each. */

/** What every sender gets from every mixture. */
export const EXPECTED = {
  delay: 3,
  retry: 2,
  link: 30,
  link_error: 'told',
  chain: 34,
  group: [2, 4, 9],
  chord: 12,
  'chord in chain': 107,
  'group in chain': 700,
  'group at the end': [3, 4],
  'nested group': 12,
  'nested chord': 16,
  map: [3, 3],
  starmap: [3, 7],
  chunks: [[2, 4], [6]],
  replace: 80,
  'replace in a header': 11,
  add_to_chord: 106,
  'ignored member': 6,
  'error in chain': 'ValueError: in chain',
  'error in header': 'ValueError: in header',
  'error in body': 'ValueError: in body',
  chord_unlock: 6,
  partial: 'hi bob',
  immutable: 20,
  'link in link': 35,
  'link on a chain': 14,
  'link on a chord': 60,
  'link on a group': 10,
  'link_error on a chain': 'told',
  'link_error on a chord': 'told',
  'link_error on a group': 'told',
  'group of chains': [4, 18],
  'groups in a group in chain': 12,
  'groups in a row': [6, 6],
  'chord of chains': 16,
  'chords in a row': 35,
  'chain in a body': 60,
  'group in a body': [6, 6],
  'chord in a body': 15,
  'header of one': 2,
  'empty header': 0,
  'map in chain': 6,
  'replace by a group': 7,
  'replace by a chord': 70,
  'replace twice': 80,
  'replace in a body': 12,
  'replace in a nested header': 13,
  'error in group': 'ValueError: in group',
  'error in group in chain': 'ValueError: in group',
  'error in a nested header': "ChordError: Dependency ID raised ValueError('nested')",
  'error before a chord': 'ValueError: before',
  'error in a replacement': 'ValueError: in a replacement',
} as const;

type Send = (sides: Sides) => Promise<AnyResult>;

/** Calls that go to the sides of a mixture in turn. */
export class Sides {
  readonly app: Celery;
  readonly #sides: readonly string[];
  #count = 0;

  constructor(app: Celery, mixture: string) {
    this.app = app;
    this.#sides = mixture.split(' ');
  }

  next(): string {
    const side = this.#sides[this.#count % this.#sides.length] ?? 'ts';
    this.#count += 1;
    return side;
  }

  call(name: string, ...args: unknown[]): Signature<unknown[], unknown[], never> {
    const side = this.next();
    return this.app.signature<never>(`${side}.${name}`, args, { queue: side });
  }

  add = (...args: number[]) => this.call('add', ...args);
  mul = (...args: number[]) => this.call('mul', ...args);
  total = () => this.call('tsum');
  fail = (text: string) => this.call('fail', text).set({ immutable: true });
}

/** A signature with an id, and the result to look at. */
function watched(sides: Sides, name: string, ...args: unknown[]) {
  const taskId = uuid();
  return { signature: sides.call(name, ...args).set({ taskId }), result: sides.app.AsyncResult(taskId) };
}

/** What is linked to a canvas: its result is looked at. */
async function followed(
  canvas: Linkable,
  { signature, result }: ReturnType<typeof watched>,
): Promise<AnyResult> {
  await canvas.link(signature).applyAsync();
  return result;
}

/** What the errback of a canvas that fails tells. */
async function told(sides: Sides, canvas: Linkable): Promise<AnyResult> {
  const { signature, result } = watched(sides, 'told');
  await canvas.linkError(signature).applyAsync();
  return result;
}

export interface Linkable {
  link(callback: AnyCanvas): this;
  linkError(errback: AnyCanvas): this;
  applyAsync(): Promise<AnyResult>;
}

export const PRIMITIVES: Readonly<Record<keyof typeof EXPECTED, Send>> = {
  delay: (s) => s.add(1, 2).applyAsync(),
  retry: (s) => s.call('flaky', 2).applyAsync(),
  link: async (s) => {
    const first = s.add(1, 2);
    const { signature, result } = watched(s, 'mul', 10);
    await first.link(signature).applyAsync();
    return result;
  },
  link_error: async (s) => {
    const first = s.fail('x');
    const { signature, result } = watched(s, 'told');
    await first.linkError(signature).applyAsync();
    return result;
  },
  chain: (s) => chain(s.add(1, 2), s.mul(10), s.add(4)).applyAsync(),
  group: (s) => group(s.add(1, 1), s.add(2, 2), s.mul(3, 3)).applyAsync(),
  chord: (s) => chord([s.add(1, 1), s.mul(2, 2), s.add(3, 3)], s.total()).applyAsync(),
  'chord in chain': (s) =>
    chain(s.add(1, 1), chord([s.add(1), s.mul(2)], s.total()), s.add(100)).applyAsync(),
  'group in chain': (s) => chain(s.add(1, 1), group(s.add(1), s.mul(2)), s.total(), s.mul(100)).applyAsync(),
  'group at the end': (s) => chain(s.add(1, 1), group(s.add(1), s.mul(2))).applyAsync(),
  'nested group': (s) => chord(group(group(s.add(1, 1), s.add(2, 2)), s.add(3, 3)), s.total()).applyAsync(),
  'nested chord': (s) =>
    chord([chord([s.add(1, 1), s.mul(2, 2)], s.total()), s.add(5, 5)], s.total()).applyAsync(),
  map: (s) =>
    mapOn(s, 'tsum', (task, queue) =>
      task
        .map([[1, 2], [3]])
        .set({ queue })
        .applyAsync(),
    ),
  starmap: (s) =>
    mapOn(s, 'add', (task, queue) => task.starmap(PAIRS.slice(0, 2)).set({ queue }).applyAsync()),
  chunks: (s) => mapOn(s, 'add', (task, queue) => task.chunks(EQUAL_PAIRS, 2).set({ queue }).applyAsync()),
  replace: (s) => chain(s.add(1, 1), s.call('hand_over'), s.mul(10)).applyAsync(),
  'replace in a header': (s) => chord([s.call('hand_over', 1), s.add(2, 2)], s.total()).applyAsync(),
  add_to_chord: (s) => chord([s.call('one_more', 1), s.add(2, 2)], s.total()).applyAsync(),
  'ignored member': (s) =>
    chord([s.add(1, 1).set({ ignoreResult: true }), s.mul(2, 2)], s.total()).applyAsync(),
  'error in chain': (s) => chain(s.add(1, 1), s.fail('in chain'), s.add(1)).applyAsync(),
  'error in header': (s) => chord([s.add(1, 1), s.fail('in header'), s.add(2, 2)], s.total()).applyAsync(),
  'error in body': (s) => chord([s.add(1, 1), s.add(1, 1)], s.fail('in body')).applyAsync(),
  chord_unlock: async (s) => {
    const header = await group(s.add(1, 1), s.add(2, 2)).applyAsync();
    const { signature, result } = watched(s, 'tsum');
    const kwargs = { result: header.results.map((member) => member.asTuple()) };
    await s.app.sendTask('celery.chord_unlock', [header.id, signature], { kwargs, queue: s.next() });
    return result;
  },
  partial: (s) =>
    s
      .call('greet')
      .replace({ kwargs: { greeting: 'hi' } })
      .applyAsync(['bob']),
  immutable: (s) => chain(s.add(1, 1), s.add(5, 5).set({ immutable: true }), s.mul(2)).applyAsync(),
  'link in link': (s) => {
    const first = s.add(1, 2);
    const middle = s.mul(10);
    const { signature, result } = watched(s, 'add', 5);
    return followed(first, { signature: middle.link(signature), result });
  },
  'link on a chain': (s) => followed(chain(s.add(1, 1), s.mul(2)), watched(s, 'add', 10)),
  'link on a chord': (s) => followed(chord([s.add(1, 1), s.add(2, 2)], s.total()), watched(s, 'mul', 10)),
  'link on a group': (s) => followed(group(s.add(1, 1), s.add(2, 2)), watched(s, 'add', 5, 5)),
  'link_error on a chain': (s) => told(s, chain(s.add(1, 1), s.fail('x'), s.add(1))),
  'link_error on a chord': (s) => told(s, chord([s.add(1, 1), s.fail('x')], s.total())),
  'link_error on a group': (s) => told(s, group(s.add(1, 1), s.fail('x'))),
  'group of chains': (s) => group(chain(s.add(1, 1), s.add(2)), chain(s.mul(3, 3), s.mul(2))).applyAsync(),
  'groups in a group in chain': (s) =>
    chain(s.add(1, 1), group(group(s.add(1), s.add(2)), s.add(3)), s.total()).applyAsync(),
  'groups in a row': (s) => chain(group(s.add(1, 1), s.add(2, 2)), group(s.total(), s.total())).applyAsync(),
  'chord of chains': (s) =>
    chord([chain(s.add(1, 1), s.add(2)), chain(s.mul(2, 2), s.mul(3))], s.total()).applyAsync(),
  'chords in a row': (s) =>
    chain(
      s.add(1, 1),
      chord([s.add(1), s.add(2)], s.total()),
      chord([s.mul(2), s.mul(3)], s.total()),
    ).applyAsync(),
  'chain in a body': (s) => chord([s.add(1, 1), s.add(2, 2)], chain(s.total(), s.mul(10))).applyAsync(),
  'group in a body': (s) => chord([s.add(1, 1), s.add(2, 2)], group(s.total(), s.total())).applyAsync(),
  'chord in a body': (s) =>
    chord([s.add(1, 1), s.add(2, 2)], chain(s.total(), chord([s.add(1), s.add(2)], s.total()))).applyAsync(),
  'header of one': (s) => chord([s.add(1, 1)], s.total()).applyAsync(),
  'empty header': (s) => chord([], s.total()).applyAsync(),
  'map in chain': (s) =>
    mapOn(s, 'tsum', (task, queue) =>
      task
        .map([[1, 2], [3]])
        .set({ queue })
        .pipe(s.total())
        .applyAsync(),
    ),
  'replace by a group': (s) => chain(s.add(1, 1), s.call('spread'), s.total()).applyAsync(),
  'replace by a chord': (s) => chain(s.add(1, 1), s.call('join_up'), s.mul(10)).applyAsync(),
  'replace twice': (s) => chain(s.add(1, 1), s.call('pass_on'), s.mul(10)).applyAsync(),
  'replace in a body': (s) =>
    chord([s.add(1, 1), s.add(2, 2)], chain(s.total(), s.call('hand_over'))).applyAsync(),
  'replace in a nested header': (s) =>
    chord([chord([s.call('hand_over', 1), s.add(1, 1)], s.total()), s.add(2, 2)], s.total()).applyAsync(),
  'error in group': (s) => group(s.add(1, 1), s.fail('in group')).applyAsync(),
  'error in group in chain': (s) =>
    chain(s.add(1, 1), group(s.fail('in group'), s.add(1)), s.total()).applyAsync(),
  'error in a nested header': (s) =>
    chord([chord([s.fail('nested'), s.add(1, 1)], s.total()), s.add(2, 2)], s.total()).applyAsync(),
  'error before a chord': (s) => chain(s.fail('before'), chord([s.add(1), s.add(2)], s.total())).applyAsync(),
  'error in a replacement': (s) => chain(s.add(1, 1), s.call('break_down'), s.add(1)).applyAsync(),
};

const PAIRS: [number, number][] = [
  [1, 2],
  [3, 4],
];
const EQUAL_PAIRS: [number, number][] = [
  [1, 1],
  [2, 2],
  [3, 3],
];

function mapOn(
  sides: Sides,
  name: string,
  send: (task: ReturnType<typeof anyTask>, queue: string) => Promise<AnyResult>,
): Promise<AnyResult> {
  const side = sides.next();
  return send(anyTask(sides.app, `${side}.${name}`), side);
}

/** Here it is only a name to map. */
function anyTask(app: Celery, name: string) {
  return app.task(name, (...args: unknown[]): unknown => args);
}
