import type { TaskMoment } from '../contract/records.ts';

const MAX_MOMENTS = 100;

/** A moment as it is kept; the attempt is known only for sent and received events, the others follow from the order. */
export interface StoredMoment {
  readonly type: string;
  readonly at: number;
  readonly attempt: number | null;
  readonly worker: string | null;
  readonly pid: number | null;
  readonly note: string | null;
}

/** Puts a moment in its place by time. Repeats of one event are dropped; beyond 100 the oldest progress goes first. */
export function insertMoment(moments: StoredMoment[], moment: StoredMoment): void {
  let index = moments.length;
  while (index > 0 && isBefore(moment, moments[index - 1])) index -= 1;
  const before = moments[index - 1];
  if (before?.at === moment.at && before.type === moment.type && before.worker === moment.worker) return;
  moments.splice(index, 0, moment);
  if (moments.length <= MAX_MOMENTS) return;
  const oldest = moments.findIndex(({ type }) => type === 'progress');
  moments.splice(Math.max(0, oldest), 1);
}

/** Events of one task at the same instant are listed in the order of its life. */
const ORDER = [
  'sent',
  'received',
  'started',
  'progress',
  'retried',
  'rejected',
  'revoked',
  'failed',
  'succeeded',
];

function isBefore(moment: StoredMoment, other: StoredMoment | undefined): boolean {
  if (other === undefined || moment.at !== other.at) return moment.at < (other?.at ?? 0);
  return ORDER.indexOf(moment.type) < ORDER.indexOf(other.type);
}

/** Moments with the attempt each belongs to. A retry is sent before the failed attempt reports itself as retried. */
export function numberAttempts(moments: readonly StoredMoment[]): TaskMoment[] {
  let running = 0;
  return moments.map((moment) => {
    if (moment.type === 'received' && moment.attempt !== null) running = moment.attempt;
    return { ...moment, attempt: moment.attempt ?? running };
  });
}
