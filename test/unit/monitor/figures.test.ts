import { describe, expect, it } from 'vitest';
import { Histogram } from '../../../lib/monitor/histogram.ts';
import { RateCounter, SeriesRing } from '../../../lib/monitor/series-ring.ts';
import { Throughput } from '../../../lib/monitor/throughput.ts';

describe('a histogram of durations', () => {
  it('tells quantiles within a tenth over seven magnitudes', () => {
    for (const scale of [0.002, 0.1, 5, 600, 20_000]) {
      const histogram = new Histogram();
      for (let index = 1; index <= 1000; index += 1) histogram.add((index / 1000) * scale);
      for (const q of [0.5, 0.95]) {
        const value = histogram.quantile(q) ?? 0;
        expect(Math.abs(value / (q * scale) - 1)).toBeLessThan(scale < 0.01 ? 0.6 : 0.11);
      }
    }
  });

  it('leaves out what is no duration', () => {
    const histogram = new Histogram();
    for (const value of [-1, Number.NaN]) histogram.add(value);
    expect([histogram.total, histogram.quantile(0.5)]).toEqual([0, null]);
  });

  it('comes back from storage', () => {
    const histogram = new Histogram();
    for (const value of [0, 0.5, 3, 1e9]) histogram.add(value);
    const back = Histogram.fromPairs(histogram.toPairs());
    expect([back.total, back.quantile(0.5)]).toEqual([4, histogram.quantile(0.5)]);
  });
});

describe('a series', () => {
  it('shows gaps as unknown and drops what is too old', () => {
    const series = new SeriesRing(20, 4);
    series.set(100, 1);
    series.set(119, 2);
    series.set(160, 4);
    expect(series.toSeries(165)).toEqual({
      stepSeconds: 20,
      end: 160,
      points: [2, null, null, 4].slice(0, 4),
    });
    expect(series.toSeries(205).points).toEqual([4, null, null]);
    series.set(10, 9);
    expect(series.toSeries(165).points).toEqual([2, null, null, 4]);
    series.set(10_000, 5);
    expect(series.toSeries(10_000).points).toEqual([5]);
  });
});

describe('a rate', () => {
  it('counts whole seconds of its window', () => {
    const rate = new RateCounter(5);
    for (let second = 0; second < 10; second += 1) rate.add(1000 + second, 3);
    expect(rate.perSecond(1010)).toBe(3);
    expect(rate.perSecond(1012)).toBeCloseTo((3 * 3) / 5);
    expect(rate.perSecond(2000)).toBe(0);
  });
});

describe('throughput', () => {
  it('forgets after a week and keeps no more than it must', () => {
    const throughput = new Throughput();
    const week = 7 * 24 * 3600;
    const start = 1_795_000_020;
    for (let minute = 0; minute < 20_000; minute += 1) {
      const at = start + minute * 60;
      throughput.finish('success', at, at);
    }
    const end = start + 19_999 * 60;
    const buckets = throughput.range(end, week, 3600);
    expect(buckets).toHaveLength(168);
    expect(buckets.slice(0, -1).every(({ success }) => success === 60)).toBe(true);
    throughput.takeDirty();
    throughput.finish('failure', end, end);
    expect(throughput.takeDirty()).toHaveLength(2);
  });

  it('counts an event from the future as now', () => {
    const throughput = new Throughput();
    throughput.finish('success', 2_000_000_000, 1_795_000_000);
    expect(throughput.sum(1_795_000_000, 60).success).toBe(1);
  });
});
