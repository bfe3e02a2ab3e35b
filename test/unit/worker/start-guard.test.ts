import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StartGuard } from '../../../lib/worker/pool/start-guard.ts';
import { HeapTimer } from '../../../lib/worker/timer/heap-timer.ts';

/** As many as may start at once: one processor is left to the worker. */
const AT_ONCE = Math.max(1, availableParallelism() - 1);

let timer: HeapTimer;
let guard: StartGuard;
let calls = 0;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  calls = 0;
  timer = new HeapTimer(() => performance.now());
  guard = new StartGuard(timer, () => {
    calls += 1;
  });
});
afterEach(() => {
  timer.stop();
  vi.useRealTimers();
});

/** Starts as many as may start. */
function startAll(): object[] {
  const children = [];
  while (guard.mayStart) {
    const child = {};
    guard.started(child);
    children.push(child);
  }
  return children;
}

describe('starts of children', () => {
  it('lets the next start when one is ready', () => {
    const children = startAll();
    expect(children).toHaveLength(AT_ONCE);
    guard.succeeded(children[0] ?? {});
    expect(startAll()).toHaveLength(1);
  });

  it('does not let the next wait for one that itself waits', () => {
    startAll();
    vi.advanceTimersByTime(499);
    expect([guard.mayStart, calls]).toEqual([false, 0]);
    vi.advanceTimersByTime(2);
    expect([guard.mayStart, calls]).toEqual([true, AT_ONCE]);
  });

  it('waits after each failed start, longer and longer, until one is ready', () => {
    const waits: number[] = [];
    for (let failure = 0; failure < 5; failure += 1) {
      const child = {};
      guard.started(child);
      guard.ended(child);
      guard.failed();
      const from = performance.now();
      while (!guard.mayStart) vi.advanceTimersByTime(10);
      waits.push(performance.now() - from);
    }
    expect(guard.isHopeless).toBe(true);
    expect(waits[4]).toBeGreaterThan((waits[0] ?? 0) * 4);
    guard.succeeded({});
    expect([guard.isHopeless, guard.failures]).toEqual([false, 0]);
  });

  it('counts failures of one moment each, and waits for them once', () => {
    for (let failure = 0; failure < 4; failure += 1) guard.failed();
    expect([guard.failures, guard.isHopeless, guard.mayStart]).toEqual([4, false, false]);
    vi.advanceTimersByTime(60_000);
    expect([guard.mayStart, calls]).toEqual([true, 1]);
  });
});
