import { describe, expect, it } from 'vitest';
import type { ClusterEvent } from '../../../lib/monitor/event-fields.ts';
import { numberAttempts } from '../../../lib/monitor/task-moments.ts';
import { TaskRecord } from '../../../lib/monitor/task-record.ts';
import { permutations, T0, taskEvent } from './events.ts';

function merge(events: readonly ClusterEvent[]): TaskRecord {
  const record = new TaskRecord('t1');
  for (const event of events) record.apply(event.type.slice('task-'.length), event);
  return record;
}

const LIVES: Readonly<Record<string, { events: ClusterEvent[]; state: string }>> = {
  'a success': {
    state: 'SUCCESS',
    events: [
      taskEvent('sent', 0),
      taskEvent('received', 1),
      taskEvent('started', 2),
      taskEvent('progress', 3, { meta: { current: 1, total: 2 } }),
      taskEvent('succeeded', 4, { result: '3', runtime: 2 }),
    ],
  },
  'a failure after a retry': {
    state: 'FAILURE',
    events: [
      taskEvent('received', 1),
      taskEvent('started', 2),
      taskEvent('retried', 3, { exception: "ValueError('first')", traceback: 'a' }),
      taskEvent('received', 4, { retries: 1, eta: '2026-11-21T00:00:00+00:00' }),
      taskEvent('started', 5),
      taskEvent('failed', 6, { exception: "ValueError('last')", traceback: 'b' }),
    ],
  },
  'a wait for a retry': {
    state: 'RETRY',
    events: [
      taskEvent('sent', 0),
      taskEvent('received', 1),
      taskEvent('started', 2),
      taskEvent('sent', 2.5, { retries: 1 }),
      taskEvent('retried', 3, { exception: "ValueError('first')" }),
    ],
  },
  'a terminated task with progress': {
    state: 'REVOKED',
    events: [
      taskEvent('received', 1),
      taskEvent('started', 2),
      taskEvent('progress', 3, { current: 5, total: 10 }),
      taskEvent('revoked', 4, { terminated: true, signum: 15, expired: false }),
    ],
  },
  'a rejected task that came back': {
    state: 'STARTED',
    events: [
      taskEvent('received', 1),
      taskEvent('started', 2),
      taskEvent('rejected', 3, { requeue: true }),
      taskEvent('received', 4),
      taskEvent('started', 5),
    ],
  },
};

describe('merging the events of a task', () => {
  for (const [name, { events, state }] of Object.entries(LIVES)) {
    it(`ends in the same record for ${name}, whatever the order`, () => {
      const expected = merge(events);
      expect(expected.state).toBe(state);
      const { clock: _clock, ...facts } = expected.facts;
      for (const order of permutations(events)) {
        const record = merge(order);
        expect(record.state).toBe(state);
        expect(record.facts).toMatchObject(facts);
      }
    });
  }

  it('follows each step in order', () => {
    const record = new TaskRecord('t1');
    const states = (LIVES['a failure after a retry']?.events ?? []).map((event) => {
      record.apply(event.type.slice(5), event);
      return record.state;
    });
    expect(states).toEqual(['RECEIVED', 'STARTED', 'RETRY', 'RECEIVED', 'STARTED', 'FAILURE']);
  });

  it('takes a success as final although the clock of the retry is ahead', () => {
    const record = merge([
      taskEvent('retried', 100, { exception: 'x' }),
      taskEvent('received', 50, { retries: 1, hostname: 'w2@other' }),
      taskEvent('succeeded', 51, { result: '1', runtime: 1, hostname: 'w2@other' }),
    ]);
    expect(record.state).toBe('SUCCESS');
    expect(record.toRow().exception).toBeNull();
  });

  it('numbers the attempts of moments', () => {
    const record = merge(LIVES['a failure after a retry']?.events ?? []);
    expect(numberAttempts(record.facts.moments).map(({ type, attempt }) => `${type} ${attempt}`)).toEqual([
      'received 0',
      'started 0',
      'retried 0',
      'received 1',
      'started 1',
      'failed 1',
    ]);
  });

  it('keeps a hundred moments at most, and not progress in place of what matters', () => {
    const record = merge([taskEvent('received', 0), taskEvent('started', 1)]);
    for (let step = 0; step < 500; step += 1) {
      record.apply(
        'progress',
        taskEvent('progress', 2 + step, { current: step, total: 500, step: 'frames' }),
      );
    }
    expect(record.facts.moments).toHaveLength(100);
    expect(record.facts.moments.slice(0, 2).map(({ type }) => type)).toEqual(['received', 'started']);
    expect(record.toRow().progress).toEqual({ current: 499, total: 500, text: 'frames' });
    expect(record.facts.timestamp).toBe(T0 + 501);
  });

  it('reads hostile values as absent', () => {
    const record = merge([
      taskEvent('received', 0, {
        name: 7,
        args: { a: 1 },
        kwargs: null,
        retries: 'many',
        eta: [],
        parent_id: 3,
      }),
      taskEvent('succeeded', 1, { result: { __proto__: 1 }, runtime: 'long' }),
    ]);
    expect(record.toRow()).toMatchObject({ name: null, args: null, result: null, runtime: null, retries: 0 });
  });
});
