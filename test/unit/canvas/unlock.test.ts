import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ResultBackend } from '../../../lib/backend/backend.ts';
import { type AnyCanvas, Celery, ChordError, chain, chord, group } from '../../../lib/index.ts';
import { MiniBench } from '../../kit/mini-bench.ts';

/* Chords where the backend cannot count: `celery.chord_unlock` asks until the header has ended. */

const COUNTING = ['recordChordPart', 'setChordSize', 'addToChord', 'forgetChord'];

/** Redis without its counters: what is left is what a database or a folder of files can do. */
class UncountedCelery extends Celery {
  override async backend(): Promise<ResultBackend> {
    const backend = await super.backend();
    return new Proxy(backend, {
      has: (target, key) => !COUNTING.includes(String(key)) && key in target,
      get: (target, key) => {
        const value: unknown = COUNTING.includes(String(key)) ? undefined : Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}

let bench: MiniBench;
let app: Celery;

const wait = { timeout: 10 };

beforeAll(async () => {
  bench = await MiniBench.start({ App: UncountedCelery, settings: { result_chord_retry_interval: 0.1 } });
  app = bench.app;
});

afterAll(() => bench.stop());

function tasks() {
  return {
    add: app.task('t.add', (x: number, y: number) => x + y),
    total: app.task('t.total', (numbers: number[]) => numbers.flat().reduce((a, b) => a + b, 0)),
    echo: app.task('t.echo', (value: unknown) => value),
    fail: app.task('t.fail', (text: unknown): number => {
      throw new RangeError(String(text));
    }),
    note: app.task('t.note', (id: string) => `told of ${id}`),
  };
}

const run = async (canvas: AnyCanvas & { delay(): Promise<{ get(options: object): Promise<unknown> }> }) =>
  (await canvas.delay()).get(wait);

it('asks until the header has ended, and gives the values in order', async () => {
  const { add, total, echo } = tasks();
  const late = add.signature([5, 5], { countdown: 0.3 });
  const inner = () => chord([add.s(1, 1), add.s(2, 2)], total.s());
  expect(
    await Promise.all(
      [
        chord([late, add.s(1, 1), add.s(2, 2)], echo.s()),
        chord([inner(), add.s(1, 1)], total.s()),
        chain(add.s(1, 1), group(add.s(1), add.s(2)), total.s(), add.s(100)),
        chord([chain(add.s(1, 1), group(add.s(1), add.s(2))), add.s(9, 9)], echo.s()),
        chord([], echo.s()),
      ].map(run),
    ),
  ).toEqual([[10, 2, 4], 8, 107, [[3, 4], 18], []]);
});

it('looks every `result_chord_retry_interval` seconds, the first time and again', async () => {
  const { add, echo } = tasks();
  const waits: number[] = [];
  const off = app.on('before_task_publish', ({ sender, headers }) => {
    if (sender === 'celery.chord_unlock')
      waits.push((Date.parse(String(headers['eta'])) - Date.now()) / 1000);
  });
  expect(await run(chord([add.signature([5, 5], { countdown: 0.3 })], echo.s()))).toEqual([10]);
  off();
  expect(waits.length).toBeGreaterThan(1);
  for (const seconds of waits) expect(seconds).toBeLessThanOrEqual(0.101);
});

it('gives the body a ChordError when a member has failed', async () => {
  const { add, total, fail, note } = tasks();
  const told = note.signature([], { taskId: 'told-by-unlock' });
  const result = await chord([add.s(1, 1), fail.s('header')], total.s())
    .linkError(told)
    .delay();
  const own = result.get({ ...wait, followParents: false });
  await expect(own).rejects.toThrow(ChordError);
  await expect(own).rejects.toThrow(/^Dependency \S+ raised ValueError\('header'/);
  expect(await app.AsyncResult('told-by-unlock').get(wait)).toBe(`told of ${result.id}`);
});

it('gives up after max_retries, when the sender said so', async () => {
  const { echo } = tasks();
  const unlock = await app.sendTask('celery.chord_unlock', ['gid', echo.s()], {
    kwargs: { result: [[['no-such-task', null], null]], interval: 0.05, max_retries: 2 },
  });
  await expect(app.AsyncResult(unlock.id).get(wait)).rejects.toMatchObject({
    name: 'MaxRetriesExceededError',
  });
});

it('cannot grow a chord', async () => {
  const { add, total } = tasks();
  const adding = app.task('t.adding', { bind: true }, async (self) => {
    await self.addToChord(add.s(1, 1));
    return 1;
  });
  const result = await chord([adding.s()], total.s()).delay();
  await expect(result.get(wait)).rejects.toThrow(/can only grow where the backend counts/);
});
