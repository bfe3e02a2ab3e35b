import { describe, expect, it } from 'vitest';
import { FarTasks } from '../../../lib/worker/far-tasks.ts';
import { seededRandom } from '../../kit/random.ts';

const NONE = Number.POSITIVE_INFINITY;

describe('FarTasks', () => {
  it('gives out what is due, earliest first, of the same time in the order of delivery', () => {
    const far = new FarTasks();
    expect(far.firstAt).toBe(NONE);
    for (const [at, number] of [
      [30, 1],
      [10, 5],
      [20, 3],
      [10, 2],
      [10, 4],
    ] as const) {
      far.add(at, number, `id${number}`);
    }
    expect(far.firstAt).toBe(10);
    expect(far.takeUntil(9, 10)).toEqual([]);
    expect(far.takeUntil(20, 2)).toEqual([2, 4]);
    expect(far.takeUntil(20, 10)).toEqual([5, 3]);
    expect([far.size, far.firstAt]).toEqual([1, 30]);
    expect(far.list(10)).toEqual([1]);
    far.clear();
    expect([far.size, far.firstAt]).toEqual([0, NONE]);
  });

  it('takes out those with given ids, also several of one id', () => {
    const far = new FarTasks();
    for (let number = 0; number < 100; number += 1) far.add(1000 - number, number, `id${number % 50}`);
    expect(far.takeByIds(new Set(['id7', 'id99', 'elsewhere'])).sort((a, b) => a - b)).toEqual([7, 57]);
    expect(far.takeByIds(new Set(['id7']))).toEqual([]);
    expect(far.size).toBe(98);
    const rest = far.takeUntil(2000, 1000);
    expect(rest).toEqual(Array.from({ length: 100 }, (_, n) => 99 - n).filter((n) => n % 50 !== 7));
  });

  it('may take out one whose id has the same hash', () => {
    const far = new FarTasks();
    far.add(1, 1, 'liquid');
    expect(far.takeByIds(new Set(['costarring']))).toEqual([1]);
  });

  it('does what a sorted list does over many random steps', () => {
    const { seed, next, below } = seededRandom();
    const far = new FarTasks();
    let model: { at: number; number: number; id: string }[] = [];
    for (let step = 0, number = 0; step < 300; step += 1) {
      const isGrowing = step < 150;
      for (let count = below(isGrowing ? 60 : 10); count > 0; count -= 1, number += 1) {
        const task = { at: below(1000), number, id: `id${below(3000)}` };
        far.add(task.at, task.number, task.id);
        model.push(task);
      }
      model.sort((a, b) => a.at - b.at || a.number - b.number);
      const ids = new Set([`id${below(3000)}`, `id${below(3000)}`]);
      const revoked = model.filter(({ id }) => ids.has(id)).map((task) => task.number);
      expect(
        far.takeByIds(ids).sort((a, b) => a - b),
        `seed ${seed}`,
      ).toEqual(revoked.sort((a, b) => a - b));
      model = model.filter(({ id }) => !ids.has(id));
      const until = next() * 1000;
      const limit = below(isGrowing ? 20 : 60);
      const due = model.filter(({ at }) => at <= until).slice(0, limit);
      expect(far.takeUntil(until, limit), `seed ${seed}`).toEqual(due.map((task) => task.number));
      model = model.filter((task) => !due.includes(task));
      expect([far.size, far.firstAt], `seed ${seed}`).toEqual([model.length, model[0]?.at ?? NONE]);
    }
  });
});
