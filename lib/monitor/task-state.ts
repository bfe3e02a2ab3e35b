import type { AnyTaskState } from '../contract/states.ts';

/** Newest time of each kind of event that one task had; null where none came. */
export interface StateTimes {
  readonly sent: number | null;
  readonly received: number | null;
  readonly started: number | null;
  readonly succeeded: number | null;
  readonly failed: number | null;
  readonly retried: number | null;
  readonly revoked: number | null;
  readonly rejected: number | null;
  readonly custom: { readonly state: string; readonly at: number } | null;
}

/**
 * State of a task, as a function of when what happened, so that events may come in any order and all orders end in
 * the same state.
 *
 * For events in order it agrees with Celery's precedence (celery/events/state.py `Task.event`): SUCCESS before FAILURE
 * before STARTED before RECEIVED before PENDING, and a RETRY starts over. It departs in three places where precedence
 * alone leaves a task in a wrong state for ever: REVOKED is final even after a custom state such as PROGRESS, REJECTED
 * after STARTED counts, and a success or failure is final although the retry's event carries a later time (clocks of
 * two hosts).
 */
export function deriveState(times: StateTimes): AnyTaskState {
  if (times.succeeded !== null) return 'SUCCESS';
  if (times.failed !== null) return 'FAILURE';
  if (times.revoked !== null) return 'REVOKED';
  const retried = times.retried ?? Number.NEGATIVE_INFINITY;
  const rejected = times.rejected ?? Number.NEGATIVE_INFINITY;
  const restart = Math.max(retried, rejected);
  if (times.custom !== null && times.custom.at > restart) return times.custom.state;
  if (times.started !== null && times.started > restart) return 'STARTED';
  if (times.received !== null && times.received > restart) return 'RECEIVED';
  if (times.rejected !== null && rejected > retried) return 'REJECTED';
  return times.retried === null ? 'PENDING' : 'RETRY';
}
