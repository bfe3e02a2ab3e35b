import type { TaskMoment } from '../../lib/contract/records.ts';
import type { Look } from '../ui/states.ts';

/** Moments that end an attempt, and how it looks then. */
export const ENDS: Readonly<Record<string, Look>> = {
  succeeded: 'success',
  failed: 'failure',
  retried: 'retry',
  revoked: 'revoked',
  rejected: 'rejected',
};

/** One run of a task, as far as its events tell. Times are seconds since the epoch. */
export interface Attempt {
  /** Sent or received, whichever is known first. */
  readonly first: number | null;
  readonly started: number | null;
  readonly ended: { readonly at: number; readonly type: string; readonly note: string | null } | null;
  readonly worker: string | null;
}

const isArrival = (moment: TaskMoment): boolean => moment.type === 'sent' || moment.type === 'received';

/** Whether a moment belongs to the attempt, or begins the next one. */
function belongs(attempt: Attempt, moment: TaskMoment): boolean {
  if (moment.type === 'started') return attempt.started === null && attempt.ended === null;
  return attempt.ended === null;
}

function extended(attempt: Attempt, moment: TaskMoment): Attempt {
  const worker = moment.worker ?? attempt.worker;
  if (moment.type === 'started') return { ...attempt, started: moment.at, worker };
  return moment.type in ENDS ? { ...attempt, ended: moment, worker } : attempt;
}

/**
 * Attempts by the order of what happened. The numbers in the events do not do: Celery sends the message of the next
 * attempt, and a worker receives it, before it tells that this attempt is to be retried (celery/app/task.py, retry).
 */
export function attemptsOf(sorted: readonly TaskMoment[]): readonly Attempt[] {
  const done: Attempt[] = [];
  let current: Attempt | null = null;
  let arrived: number | null = null;
  for (const moment of sorted) {
    if (isArrival(moment)) {
      arrived ??= moment.at;
      continue;
    }
    if (current === null || !belongs(current, moment)) {
      if (!(moment.type in ENDS) && moment.type !== 'started') continue;
      if (current) done.push(current);
      current = { first: arrived, started: null, ended: null, worker: null };
      arrived = null;
    }
    current = extended(current, moment);
  }
  return [...done, current ?? { first: arrived, started: null, ended: null, worker: null }];
}
