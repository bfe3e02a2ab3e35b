import { describe, expect, it } from 'vitest';
import { bindArguments, readParameters } from '../../../lib/app/parameters.ts';

const names = (fn: (...args: never[]) => unknown): (string | null)[] | undefined =>
  readParameters(fn)?.map(({ name }) => name);

// Kept as source: the transpiler of the tests would tidy it.
const make = (source: string): ((...args: never[]) => unknown) => new Function(`return (${source})`)();

describe('readParameters', () => {
  it.each<[string, (string | null)[]]>([
    ['(a, b) => a', ['a', 'b']],
    ['a => a', ['a']],
    ['async a => a', ['a']],
    ['async ($x, _y) => 1', ['$x', '_y']],
    ['function () {}', []],
    ['function named(a, b = 2) { return (c) => c }', ['a', 'b']],
    ['async function* gen(a) {}', ['a']],
    ['{ run(a, b) {} }.run', ['a', 'b']],
    ['{ async run(a) {} }.run', ['a']],
    ['(a = "x, (y", b = [1, 2], c = { d: 1 }, e = (1, 2)) => 1', ['a', 'b', 'c', 'e']],
    ['(a /* one, two) */, // three\n b) => 1', ['a', 'b']],
    ['({ x, y }, [z], ...rest) => 1', [null, null, 'rest']],
    ['(größe, 名) => 1', ['größe', '名']],
    ['(a = `t, (`, b) => 1', ['a', 'b']],
  ])('%s', (source, expected) => {
    expect(names(make(source))).toEqual(expected);
  });

  it('gives up on what its source does not tell', () => {
    expect(readParameters(Math.max)).toBeNull();
    expect(readParameters(make('(a) => a').bind(null))).toBeNull();
    expect(readParameters(make('(a = /[(]/) => a'))).toBeNull();
  });
});

describe('bindArguments', () => {
  const bind = (
    source: string,
    args: unknown[],
    kwargs: Record<string, unknown>,
    isStrict = true,
  ): unknown[] => bindArguments('f', readParameters(make(source)), args, kwargs, isStrict);

  it.each<[string, unknown[], Record<string, unknown>, unknown[]]>([
    ['(a, b) => 1', [1], {}, [1]],
    ['(a, b) => 1', [1], { b: 2 }, [1, 2]],
    ['(a, b) => 1', [], { b: 2, a: 1 }, [1, 2]],
    ['(a, b, c) => 1', [1], { c: 3 }, [1, undefined, 3]],
    ['(a, { b, c }) => 1', [1], { b: 2, c: 3 }, [1, { b: 2, c: 3 }]],
    ['(a, { b } = {}) => 1', [], { a: 1, b: 2 }, [1, { b: 2 }]],
  ])('%s with %j and %j', (source, args, kwargs, expected) => {
    expect(bind(source, args, kwargs)).toEqual(expected);
  });

  it('refuses what Python would refuse', () => {
    expect(() => bind('(a) => 1', [1], { a: 2 })).toThrow(
      new TypeError("f() got multiple values for argument 'a'"),
    );
    expect(() => bind('(a) => 1', [], { z: 2 })).toThrow(
      new TypeError("f() got an unexpected keyword argument 'z'"),
    );
    expect(() => bind('(...all) => 1', [], { all: 2 })).toThrow(/unexpected keyword argument 'all'/);
    expect(bind('(a) => 1', [1], { z: 2 }, false)).toEqual([1]);
  });
});
