import { describe, expect, it } from 'vitest';
import { bindArguments, readParameters, readsArguments } from '../../../lib/app/parameters.ts';

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
    [`(a = \`\${\`(\${1})\`}, (\`, b) => 1`, ['a', 'b']],
    ['(a = /[(,/]"/gu, b = 4 / 2, c = "/", d) => 1', ['a', 'b', 'c', 'd']],
    ["(a = 'it\\'s, (', b = (c, d) => c / d / 1, e) => 1", ['a', 'b', 'e']],
    ['async /* a, */ (a, // b)\n c,) => 1', ['a', 'c']],
    ['{ ["x".at((0, 0))](a, b) {} }.x', ['a', 'b']],
    ['({ a } = {}, [b] = [], c = { d: [e => e] }) => 1', [null, null, 'c']],
  ])('%s', (source, expected) => {
    expect(names(make(source))).toEqual(expected);
  });

  it('gives up on what its source does not tell', () => {
    expect(readParameters(Math.max)).toBeNull();
    expect(readParameters(make('(a) => a').bind(null))).toBeNull();
    const odd = Object.defineProperty(make('(a, b) => a'), 'length', { value: 1 });
    expect(readParameters(odd)).toBeNull();
  });
});

describe('readsArguments', () => {
  it.each<[string, boolean]>([
    ['function () { return arguments.length }', true],
    [`function (a) { return \`\${arguments[1]}\` }`, true],
    ['{ run(a) { return [...arguments] } }.run', true],
    ['function (a) { /* arguments */ return "arguments" + `arguments` + a.arguments }', false],
    ['function (a) { return { arguments: a, b: a?.arguments, c: /arguments/ } // arguments\n }', false],
    ['(a) => { /* arguments */ return "arguments" }', false],
    ['function (my_arguments, $arguments) { return "\\"arguments" }', false],
    ['function (a) { return (a / 2) + arguments.length / 2 }', true],
  ])('%s', (source, expected) => {
    expect(readsArguments(make(source))).toBe(expected);
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
