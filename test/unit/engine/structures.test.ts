import { describe, expect, test } from 'vitest';
import { compileGlob } from '../../../server/engine/glob.ts';
import { ListEntry } from '../../../server/engine/keyspace/list-entry.ts';
import { ZsetEntry } from '../../../server/engine/keyspace/zset-entry.ts';
import { formatDouble, parseBigInteger, parseInteger } from '../../../server/engine/resp/numbers.ts';

/** A small generator with a seed, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The same step on a list and on an array; what each gave back. */
function step(list: ListEntry, model: string[], dice: number, growth: number, name: string): unknown[] {
  if (dice < growth) {
    list.pushLeft(Buffer.from(name));
    return [model.unshift(name), list.length];
  }
  if (dice < growth * 2) {
    list.pushRight(Buffer.from(name));
    return [model.push(name), list.length];
  }
  if (dice < 0.85) return [model.shift(), list.popLeft()?.toString()];
  return [model.pop(), list.popRight()?.toString()];
}

describe('ListEntry', () => {
  test('does what an array does, in any order of operations', () => {
    const next = random(7);
    const list = new ListEntry();
    const model: string[] = [];
    for (let i = 0; i < 20_000; i += 1) {
      const [expected, found] = step(list, model, next(), i % 4000 < 2500 ? 0.35 : 0.1, String(i));
      expect(found).toBe(expected);
    }
    expect(list.slice(0, list.length).map(String)).toEqual(model);
    while (list.length > 0) list.popLeft();
    expect(list.bytes).toBe(0);
  });
});

describe('ZsetEntry', () => {
  test('keeps order, ranks and sizes through thousands of changes', () => {
    const next = random(11);
    const zset = new ZsetEntry();
    const model = new Map<string, number>();
    for (let i = 0; i < 8000; i += 1) {
      const member = `m${Math.floor(next() * 3000)}`;
      if (next() < 0.7) {
        const score = Math.floor(next() * 500);
        zset.set(member, score);
        model.set(member, score);
      } else {
        expect(zset.delete(member)).toBe(model.delete(member));
      }
    }
    const sorted = [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
    expect(zset.order.slice(0, Infinity).map(({ member, score }) => [member, score])).toEqual(sorted);
    expect(zset.order.size).toBe(model.size);
    for (const [index, [member]] of sorted.entries()) {
      if (index % 97 === 0) expect(zset.rank(member)).toBe(index);
    }
    for (const member of model.keys()) zset.delete(member);
    expect(zset.bytes).toBe(0);
    expect(zset.order.slice(0, 10)).toEqual([]);
  });
});

describe('numbers', () => {
  test('prints scores with 17 digits', () => {
    const printed = [0.1, 1e21, -1.5, 3, 1e-7, 1795229811.6931026, Infinity, -Infinity, 2 ** 53].map(
      formatDouble,
    );
    expect(printed).toEqual([
      '0.10000000000000001',
      '1e+21',
      '-1.5',
      '3',
      '9.9999999999999995e-08',
      '1795229811.6931026',
      'inf',
      '-inf',
      '9007199254740992',
    ]);
  });

  test('takes 64-bit integers only', () => {
    expect(parseBigInteger('-9223372036854775808')).toBe(-9223372036854775808n);
    expect(parseInteger('-12')).toBe(-12);
    for (const text of ['', '-', '+1', ' 1', '01', '1.0', '9223372036854775808', '-0', '0x1']) {
      expect(() => parseBigInteger(text)).toThrow('not an integer');
    }
  });
});

describe('compileGlob', () => {
  test.each([
    ['*', 'anything', true],
    ['a*b*c', 'a--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['h[a-c]x', 'hbx', true],
    ['h[^a-c]x', 'hbx', false],
    ['h\\*x', 'h*x', true],
    ['h\\*x', 'hyx', false],
    ['[', '[', false],
    ['a[', 'a', false],
    ['**a', 'ba', true],
    ['?', '', false],
    ['', '', true],
    ['[]]', ']', false],
  ])('%s against %s: %s', (pattern, text, isMatch) => {
    expect(compileGlob(pattern)(text)).toBe(isMatch);
  });

  test('takes no exponential time', () => {
    const matches = compileGlob(`${'a*'.repeat(30)}b`);
    const startedAt = performance.now();
    expect(matches('a'.repeat(5000))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
