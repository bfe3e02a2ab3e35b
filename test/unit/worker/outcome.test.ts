import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { TraceOutcome } from '../../../lib/app/trace-outcome.ts';
import { concludeOutcome } from '../../../lib/worker/outcome.ts';

/* A result store that is away for as long as it likes. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const outcome: TraceOutcome = {
  state: 'SUCCESS',
  resultText: '1',
  resultRepr: '1',
  exceptionRepr: null,
  traceback: null,
  runtimeSeconds: 1,
  children: [],
  isAwaited: true,
};

it('holds up handlers for a minute, and the chord and the ack until it is back', async () => {
  const notes: string[] = [];
  let comeBack = (): void => {};
  const request = {
    label: 'task[id]',
    profile: {},
    request: {},
    isOwned: () => true,
    store: () =>
      new Promise<void>((resolve) => {
        comeBack = resolve;
      }),
    ack: () => notes.push('ack'),
  };
  const host = {
    logger: { isEnabled: () => false },
    events: { isOn: false },
    ledger: { ended: () => notes.push('ended') },
    tellEnded: async () => notes.push('chord'),
  };
  Reflect.apply(concludeOutcome, undefined, [
    request,
    host,
    outcome,
    (onDone: (complaint: null) => void) => {
      notes.push('handlers');
      onDone(null);
    },
  ]);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(notes).toEqual([]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(notes).toEqual(['handlers']);
  comeBack();
  await vi.advanceTimersByTimeAsync(0);
  expect(notes).toEqual(['handlers', 'chord', 'ack', 'ended']);
  expect(vi.getTimerCount()).toBe(0);
});
