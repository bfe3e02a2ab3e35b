import { describe, expect, it } from 'vitest';
import { parsePythonLiteral, pythonRepr, reprArgs, reprKwargs } from '../../../lib/protocol/repr.ts';

describe('pythonRepr', () => {
  it.each([
    [undefined, 'None'],
    [1e21, '1e+21'],
    [0.00001, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [123456.789, '123456.789'],
    [-0, '-0.0'],
    [Number.NaN, 'nan'],
    [2n ** 70n, '1180591620717411303424'],
    [new Date('2026-01-31T10:00:00Z'), 'datetime.datetime(2026, 1, 31, 10, 0, tzinfo=datetime.timezone.utc)'],
    [
      new Date('2026-01-31T10:00:05Z'),
      'datetime.datetime(2026, 1, 31, 10, 0, 5, tzinfo=datetime.timezone.utc)',
    ],
    [new Uint8Array([0, 255]), "b'00ff'"],
    [{ a: [{ b: { c: 1 } }] }, "{'a': [{'b': {...}}]}"],
    [{ a: undefined, b: 1 }, "{'b': 1}"],
  ])('%s', (value, text) => {
    expect(pythonRepr(value)).toBe(text);
  });

  it('stays near the limit, whatever it is given', () => {
    const wide = Array.from({ length: 10_000 }, (_, index) => ({ [`key${index}`]: 'x'.repeat(50) }));
    expect(reprArgs(wide).length).toBeLessThan(1200);
    expect(reprArgs([wide]).endsWith('...],)')).toBe(true);
    expect(reprKwargs({ text: '😀'.repeat(2000) })).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
  });
});

describe('parsePythonLiteral', () => {
  it.each<[string, unknown]>([
    ['()', []],
    ['(2,)', [2]],
    ["(1, -2.5, 'it\\'s', None, True, False)", [1, -2.5, "it's", null, true, false]],
    ["{'a': [1, {'b': 'x, }'}], 'c': ''}", { a: [1, { b: 'x, }' }], c: '' }],
    ['(12345678901234567890, 1e-07, inf)', [12345678901234567890n, 1e-7, Infinity]],
    ["'new\nline'", 'new\nline'],
    ['{1: 2}', { '1': 2 }],
    [' [ 1 , 2 ] ', [1, 2]],
  ])('reads %j in full', (text, value) => {
    expect(parsePythonLiteral(text)).toEqual({ value, isComplete: true });
  });

  it.each([
    '([1, [2, [...]]],)',
    "('xxx...', ...)",
    "('xxx...',)",
    '(<object at 0x1>, 2)',
    "(Decimal('1.5'),)",
    '(1, 2',
    "'open",
    '(1) 2',
    '{1}',
    "{'a' 1}",
    '__import__("os")',
    '('.repeat(5000),
    `${'['.repeat(200)}${']'.repeat(200)}`,
    '',
  ])('knows that %.40j is not the whole truth', (text) => {
    expect(parsePythonLiteral(text).isComplete).toBe(false);
  });

  it('reads back what pythonRepr wrote', () => {
    const args = [1, 'a\\b', "it's", { k: [null, true] }, -0.5, 'ü 漢字'];
    expect(parsePythonLiteral(reprArgs(args))).toEqual({ value: args, isComplete: true });
  });
});
