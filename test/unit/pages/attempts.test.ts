import { expect, it } from 'vitest';
import { attemptsOf } from '../../../components/task/attempts.ts';
import type { TaskMoment } from '../../../lib/contract/records.ts';

const moment = (type: string, at: number): TaskMoment => ({
  type,
  at,
  attempt: 0,
  worker: type === 'sent' ? null : 'w1',
  pid: null,
  note: null,
});
const times = (...moments: TaskMoment[]) =>
  attemptsOf(moments).map(({ first, started, ended }) => [first, started, ended?.at ?? null]);

it('finds attempts although the next message arrives before the retry is told', () => {
  const moments = [
    moment('sent', 0),
    moment('received', 1),
    moment('started', 2),
    moment('sent', 3),
    moment('received', 4),
    moment('retried', 5),
    moment('started', 9),
    moment('failed', 10),
  ];
  expect(times(...moments)).toEqual([
    [0, 2, 5],
    [3, 9, 10],
  ]);
});

it('begins anew where a task is delivered again after its worker vanished', () => {
  const moments = [
    moment('received', 1),
    moment('started', 2),
    moment('received', 60),
    moment('started', 61),
  ];
  expect(times(...moments)).toEqual([
    [1, 2, null],
    [60, 61, null],
  ]);
});

it('knows a task that only waits, one without a start, and one without events', () => {
  expect(times(moment('received', 1))).toEqual([[1, null, null]]);
  expect(times(moment('received', 1), moment('revoked', 2))).toEqual([[1, null, 2]]);
  expect(times()).toEqual([[null, null, null]]);
});

it('leaves progress in the attempt that runs', () => {
  expect(times(moment('received', 1), moment('started', 2), moment('progress', 3))).toEqual([[1, 2, null]]);
});
