import { describe, expect, it } from 'vitest';
import { decodeJson, encodeJson } from '../../../lib/protocol/json.ts';

const roundTrip = (value: unknown): unknown => decodeJson(encodeJson(value));

describe('encodeJson', () => {
  it.each([
    [
      'a date',
      new Date('2026-01-31T10:00:00.250Z'),
      '{"__type__": "datetime", "__value__": "2026-01-31T10:00:00.250000+00:00"}',
    ],
    ['UTF-8 bytes', new Uint8Array([97, 98]), '{"__type__": "bytes", "__value__": "ab"}'],
    ['other bytes', Buffer.from([0, 255]), '{"__type__": "base64", "__value__": "AP8="}'],
    ['a big integer', [2n ** 70n], '[1180591620717411303424]'],
    ['NaN and infinities', [Number.NaN, Infinity, -Infinity], '[NaN, Infinity, -Infinity]'],
    ['undefined in an array', [undefined, 1, 1n], '[null, 1, 1]'],
    ['undefined in an object', { a: undefined, b: 1n }, '{"b": 1}'],
    ['something with toJSON', { url: new URL('http://h/x') }, '{"url": "http://h/x"}'],
    [
      'a known typed value',
      { __type__: 'decimal', __value__: '1.50' },
      '{"__type__": "decimal", "__value__": "1.50"}',
    ],
    ['a lone surrogate', '\ud800', '"\\ud800"'],
    ['a member named toJSON', { toJSON: 1 }, '{"toJSON": 1}'],
  ])('writes %s', (_title, value, text) => {
    expect(encodeJson(value)).toBe(text);
  });

  const cycle: Record<string, unknown> = {};
  cycle['self'] = [cycle];
  it.each([
    ['a function', [() => 1]],
    ['a symbol', { a: Symbol('x') }],
    ['a Map', new Map()],
    ['a Set', [new Set([1])]],
    ['an Error', { error: new Error('x') }],
    ['a Promise', Promise.resolve(1)],
    ['a cycle', cycle],
    ['an invalid date', new Date(Number.NaN)],
    ['an unknown typed value', { __type__: 'mine', __value__: 1 }],
  ])('refuses %s', (_title, value) => {
    expect(() => encodeJson(value)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });
});

describe('decodeJson', () => {
  it('gives back what was written', () => {
    const value = {
      when: new Date(1_700_000_000_123),
      bytes: new Uint8Array([1, 2, 255]),
      list: [1, 'ü', null, true, 1.5, { deep: [[]] }],
      huge: 2n ** 64n,
      nan: [Number.NaN, -Infinity],
    };
    expect(roundTrip(value)).toEqual(value);
  });

  it.each([
    ['{"a": 12345678901234567890, "b": 9007199254740991}', { a: 12345678901234567890n, b: 9007199254740991 }],
    [
      '[-12345678901234567890, 1e300, 123456789012345680000.0]',
      [-12345678901234567890n, 1e300, 123456789012345680000],
    ],
    [
      '{"x": NaN, "s": "NaN \\u00fc\\n \\"q\\" {[", "e": {}, "l": []}',
      { x: Number.NaN, s: 'NaN ü\n "q" {[', e: {}, l: [] },
    ],
    [' [ 1 , { "a" : Infinity } ] ', [1, { a: Infinity }]],
    [
      '{"__type__": "uuid", "__value__": {"hex": "00000000000000000000000000000005"}}',
      '00000000-0000-0000-0000-000000000005',
    ],
    ['{"__type__": "time", "__value__": "03:04:05"}', '03:04:05'],
    [
      '{"__type__": "datetime", "__value__": "2026-01-02T03:04:05.000678"}',
      new Date('2026-01-02T03:04:05.000Z'),
    ],
    [
      '{"__type__": "datetime", "__value__": "x", "more": 1}',
      { __type__: 'datetime', __value__: 'x', more: 1 },
    ],
    ['{"__type__": "mine", "__value__": 1}', { __type__: 'mine', __value__: 1 }],
  ])('reads %s', (text, value) => {
    expect(decodeJson(text)).toEqual(value);
  });

  it.each([
    '',
    '{',
    '[1,]',
    '[1 2]',
    '{"a" 1}',
    '{1: 2}',
    'nan',
    '[NaN',
    '"open',
    "['x']",
    '[01, NaN]',
    '[NaN] x',
    '{"__type__":"date","__value__":"x"}',
  ])('refuses %j', (text) => {
    expect(() => decodeJson(text)).toThrow(expect.objectContaining({ code: 'bad_message' }));
  });

  it('never lets __proto__ through', () => {
    for (const text of [
      '{"__proto__": {"x": 1}, "a": 1}',
      '{"\\u005f_proto__": {"x": 1}, "a": 1, "n": NaN}',
    ]) {
      const value = decodeJson(text);
      expect(Object.keys(value as object)).not.toContain('__proto__');
      expect(Reflect.get(Object.assign({}, value), 'x')).toBeUndefined();
    }
  });

  it('reads deep and long, and refuses too deep', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(() => decodeJson(nested(1000))).not.toThrow();
    for (const text of [nested(1002), nested(200_000), `[NaN, ${nested(5000)}]`]) {
      expect(() => decodeJson(text)).toThrow(/nested deeper than 1000/);
    }
    const long = 'x'.repeat(5_000_000);
    expect(decodeJson(`[NaN, "${long}\\n"]`)).toEqual([Number.NaN, `${long}\n`]);
    const escapes = '\\n'.repeat(5_000_000);
    expect(decodeJson(`[NaN, "${escapes}"]`)).toEqual([Number.NaN, '\n'.repeat(5_000_000)]);
    expect(() => decodeJson(`[NaN, "${escapes}`)).toThrow(/Not JSON/);
  });
});
