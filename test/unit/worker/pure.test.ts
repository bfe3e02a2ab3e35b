import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Fifo } from '../../../lib/util/fifo.ts';
import { nodeFile, nodeName } from '../../../lib/worker/names.ts';
import { parseRate, TokenBucket } from '../../../lib/worker/rate-limit.ts';
import { LimitedSet, revokedLimits } from '../../../lib/worker/revoked.ts';
import { HeapTimer } from '../../../lib/worker/timer/heap-timer.ts';

describe('node names', () => {
  it.each([
    [null, 'celery@box.example.org'],
    ['', 'celery@box.example.org'],
    ['w1', 'celery@w1'],
    ['w1@%h', 'w1@box.example.org'],
    ['%n@x', 'box@x'],
    ['a@%d', 'a@example.org'],
    ['a%%@%h', 'a%@box.example.org'],
  ])('expands %s', (pattern, expected) => {
    expect(nodeName(pattern, 'box.example.org')).toBe(expected);
  });

  it('explains an unknown expansion', () => {
    expect(() => nodeName('w%x@%h', 'box')).toThrow('Unknown "%x"');
  });

  it('expands file names', () => {
    expect(nodeFile('/run/%n-%h.pid', 'w1@box')).toBe('/run/w1-box.pid');
  });
});

describe('Fifo', () => {
  it('keeps the order over many shifts', () => {
    const fifo = new Fifo<number>();
    const seen: number[] = [];
    for (let i = 0; i < 1000; i += 1) {
      fifo.push(i);
      if (i % 3 === 0) seen.push(fifo.shift() ?? -1);
    }
    expect(fifo.size).toBe(1000 - seen.length);
    seen.push(...fifo.drain());
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(fifo.shift()).toBeUndefined();
  });
});

describe('LimitedSet', () => {
  it('drops the oldest beyond its size and what is too old', () => {
    let now = 0;
    const set = new LimitedSet({ max: 3, expiresSeconds: 10, now: () => now });
    for (const id of ['a', 'b', 'c', 'd']) set.add(id);
    expect(set.ids()).toEqual(['b', 'c', 'd']);
    set.add('b');
    now = 5;
    set.add('e');
    expect(set.ids()).toEqual(['d', 'b', 'e']);
    now = 12;
    expect(set.has('b')).toBe(false);
    expect(set.ids()).toEqual(['e']);
  });

  it("has Celery's bounds, or those of the environment", () => {
    expect(revokedLimits({ CELERY_WORKER_REVOKES_MAX: '' })).toEqual({ max: 50_000, expiresSeconds: 10_800 });
    expect(revokedLimits({ CELERY_WORKER_REVOKES_MAX: '7', CELERY_WORKER_REVOKE_EXPIRES: '0.5' })).toEqual({
      max: 7,
      expiresSeconds: 0.5,
    });
    expect(() => revokedLimits({ CELERY_WORKER_REVOKES_MAX: 'many' })).toThrow(
      /^CELERY_WORKER_REVOKES_MAX is "many", but must be a number from 0\.$/,
    );
  });
});

describe('rates', () => {
  it.each([
    ['5/s', 5],
    ['30/m', 0.5],
    ['36/h', 0.01],
    ['2', 2],
    [0, 0],
    [null, 0],
  ])('reads %s', (text, perSecond) => {
    expect(parseRate(text)).toBe(perSecond);
  });

  it.each(['x', '5/d', '-1/s', '/s'])('refuses %s', (text) => {
    expect(() => parseRate(text)).toThrow('Invalid rate limit');
  });

  it('lets one through, then one per interval', () => {
    let now = 0;
    const bucket = new TokenBucket(2, () => now);
    expect(bucket.take()).toBe(0);
    expect(bucket.take()).toBe(500);
    now = 500;
    expect(bucket.take()).toBe(0);
    now = 60_000;
    expect(bucket.take()).toBe(0);
    expect(bucket.take()).toBe(500);
  });
});

describe('HeapTimer', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('fires in order of time, not of booking', () => {
    const timer = new HeapTimer(Date.now);
    const fired: number[] = [];
    const delays = Array.from({ length: 500 }, (_, i) => (i * 7919) % 1000);
    for (const delay of delays) timer.after(delay, { onTime: () => fired.push(delay) });
    vi.advanceTimersByTime(1000);
    expect(fired).toEqual([...delays].sort((a, b) => a - b));
    expect(timer.size).toBe(0);
  });

  it('does not fire what was cancelled, and fires far times', () => {
    const timer = new HeapTimer(Date.now);
    const fired: string[] = [];
    const entry = timer.after(100, { onTime: () => fired.push('cancelled') });
    timer.after(40 * 86_400_000, { onTime: () => fired.push('in 40 days') });
    timer.cancel(entry);
    timer.cancel(entry);
    expect(timer.size).toBe(1);
    vi.advanceTimersByTime(39 * 86_400_000);
    expect(fired).toEqual([]);
    vi.advanceTimersByTime(2 * 86_400_000);
    expect(fired).toEqual(['in 40 days']);
  });

  it('holds 100,000 entries and forgets them when most are cancelled', () => {
    const timer = new HeapTimer(Date.now);
    let fired = 0;
    const target = {
      onTime: () => {
        fired += 1;
      },
    };
    const entries = Array.from({ length: 100_000 }, (_, i) => timer.after(1000 + (i % 977), target));
    for (const [i, entry] of entries.entries()) if (i % 4 !== 0) timer.cancel(entry);
    expect(timer.size).toBe(25_000);
    vi.advanceTimersByTime(3000);
    expect(fired).toBe(25_000);
    timer.stop();
  });
});
