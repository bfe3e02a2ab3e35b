import { describe, expect, test } from 'vitest';
import { Ledger } from '../../../lib/transport/redis/ledger.ts';
import { Tags } from '../../../lib/transport/redis/tags.ts';

describe('tags', () => {
  const tags = new Tags();

  test('are numbers in the order of delivery, and back', () => {
    const all = [1, 2, 10, 99, 12_345_678].flatMap((fetch) =>
      [1, 9, 10, 100].map((n) => `${tags.prefix}${fetch}:${n}`),
    );
    const numbers = all.map((tag) => tags.numberOf(tag));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(all.length);
    expect(numbers.map((number) => tags.tagOf(number))).toEqual(all);
  });

  test('of another consumer are no numbers', () => {
    expect(tags.numberOf(`${new Tags().prefix}1:1`)).toBe(-1);
    expect(tags.numberOf('0a1b2c3d-python')).toBe(-1);
  });
});

describe('the ledger', () => {
  const tags = new Tags();
  const filled = (count: number): { ledger: Ledger; all: string[] } => {
    const ledger = new Ledger(tags);
    const all = Array.from({ length: count }, (_, index) => `${tags.prefix}1:${index + 1}`);
    for (const tag of all) ledger.add(tag, 'celery', 'celery', `{"tag": "${tag}"}`);
    return { ledger, all };
  };

  test('forgets the text of what is held back, not its place', () => {
    const { ledger, all } = filled(3);
    const [first = '', second = '', third = ''] = all;
    expect(tags.tagOf(ledger.hold(second))).toBe(second);
    expect(ledger.active).toBe(2);
    expect(all.map((tag) => ledger.has(tag))).toEqual([true, true, true]);
    const taken = [third, second, first].map((tag) => ledger.take(tag));
    expect(taken.map((entry) => entry?.origin?.raw)).toEqual([
      `{"tag": "${third}"}`,
      undefined,
      `{"tag": "${first}"}`,
    ]);
    const numbers = taken.map((entry) => entry?.number ?? 0);
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    expect(all.map((tag) => ledger.has(tag))).toEqual([false, false, false]);
    expect(all.map((tag) => ledger.take(tag))).toEqual([undefined, undefined, undefined]);
  });

  test('counts what is held back no more, and again after unhold', () => {
    const { ledger, all } = filled(2);
    const [first = '', second = ''] = all;
    ledger.hold(first);
    ledger.hold(first);
    ledger.unhold(second);
    expect(ledger.active).toBe(1);
    ledger.unhold(first);
    expect(ledger.active).toBe(2);
    ledger.take(first);
    ledger.hold(first);
    ledger.unhold(first);
    expect([ledger.active, ledger.has(first)]).toEqual([1, false]);
  });

  test('names all that it held at the call, also what moves or goes meanwhile', () => {
    const { ledger, all } = filled(10);
    for (const tag of all.slice(5)) ledger.hold(tag);
    const named: string[] = [];
    for (const some of ledger.chunks(4)) {
      expect(some.length).toBeLessThanOrEqual(4);
      named.push(...some);
      ledger.unhold(all[9] ?? '');
      ledger.take(all[8] ?? '');
      ledger.add(`${tags.prefix}2:1`, 'celery', 'celery', '{}');
    }
    expect(named).toEqual(all);
  });

  test('knows nothing of the tags of others', () => {
    const { ledger } = filled(1);
    const strange = new Tags().tagOf(202);
    expect(ledger.has(strange)).toBe(false);
    ledger.unhold(strange);
    expect(ledger.take(strange)).toBeUndefined();
  });
});
