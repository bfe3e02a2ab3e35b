import { describe, expect, it } from 'vitest';
import {
  formatAgo,
  formatCount,
  formatDuration,
  formatExact,
  formatPercent,
  formatRate,
  formatShort,
} from '../../../components/ui/format.ts';
import { jsonText } from '../../../components/ui/json-text.ts';

describe('numbers and times', () => {
  it.each([
    [0.74, '740ms'],
    [2.31, '2.31s'],
    [42.6, '42.6s'],
    [59.96, '1m 00s'],
    [382, '6m 22s'],
    [212_400, '2d 11h'],
    [null, 'none'],
    [Number.NaN, 'none'],
    [-3, '0ms'],
  ])('writes %s seconds as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('writes counts, rates, percentages and axes', () => {
    expect([formatCount(1184), formatCount(undefined)]).toEqual(['1,184', 'none']);
    expect([formatRate(0), formatRate(0.042), formatRate(11.34), formatRate(1200)]).toEqual([
      '0',
      '0.04',
      '11.3',
      '1,200',
    ]);
    expect([formatPercent(0.519), formatPercent(6.61), formatPercent(100)]).toEqual(['0.52', '6.6', '100']);
    expect([formatShort(12_400), formatShort(0.5), formatShort(1000)]).toEqual(['12.4k', '0.5', '1k']);
  });

  it('says how long ago, then when', () => {
    const now = 1_795_262_666;
    expect(formatAgo(now - 7, now, 'utc')).toBe('7s');
    expect(formatAgo(now - 68, now, 'utc')).toBe('1m 08s');
    expect(formatAgo(now - 7_200, now, 'utc')).toBe('10:04:26');
    expect(formatAgo(now - 90_000, now, 'utc')).toBe('2026-11-20');
    expect(formatExact(1_795_262_649.318, 'utc')).toBe('2026-11-21 12:04:09.318 UTC');
    expect(formatExact(1e300, 'utc')).toBe('none');
  });
});

it('keeps short JSON on one line and leaves strings alone', () => {
  expect(jsonText([118, '2026-10'])).toBe('[118, "2026-10"]');
  expect(jsonText({ a: '[ 1\n ]' })).toBe('{"a": "[ 1\\n ]"}');
  expect(jsonText(undefined)).toBe('undefined');
});
