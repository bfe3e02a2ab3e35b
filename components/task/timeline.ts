import type { TaskDetail } from '../../lib/contract/records.ts';
import { READY_STATES } from '../../lib/contract/states.ts';
import { formatDuration } from '../ui/format.ts';
import type { Look } from '../ui/states.ts';
import { exceptionName } from '../ui/task-text.ts';
import { type Attempt, attemptsOf, ENDS } from './attempts.ts';

/*
 * A task's life as lanes on one time axis: each attempt with its wait and its run, and the back-off between two. All
 * times are seconds since the epoch. Events may be missing (a worker without events, a lost one): a lane holds what is
 * known.
 */

export interface Segment {
  readonly kind: 'wait' | 'run' | 'backoff';
  readonly from: number;
  readonly to: number;
  readonly look: Look;
}

export interface Lane {
  readonly name: string;
  readonly note: string;
  readonly segments: readonly Segment[];
  /** What came of it: a strong word, if any, and the rest. */
  readonly outcome: { readonly strong: string; readonly text: string; readonly look: Look };
  readonly isRunning: boolean;
}

export interface Timeline {
  readonly start: number;
  readonly end: number;
  readonly lanes: readonly Lane[];
  readonly waited: number;
  readonly backedOff: number;
  readonly ran: number;
  /** It is not over: the axis ends now. */
  readonly isOpen: boolean;
}

/** The lanes of a task; null when no time of it is known. */
export function timelineOf(task: TaskDetail, now: number): Timeline | null {
  const moments = [...task.moments].sort((a, b) => a.at - b.at);
  const start = moments[0]?.at ?? task.sent ?? task.received ?? task.started;
  if (start === null || start === undefined) return null;
  const isOpen = !READY_STATES.has(task.state) && task.state !== 'REJECTED' && !task.isLost;
  const last = moments.at(-1)?.at ?? task.timestamp;
  const end = Math.max(isOpen ? now : last, start + 0.001);
  const lanes: Lane[] = [];
  const offset = moments[0]?.attempt ?? 0;
  const attempts = attemptsOf(moments);
  attempts.forEach((attempt, index) => {
    const next = attempts[index + 1];
    const retried = attempts[index - 1]?.ended;
    if (retried) lanes.push(backoffLane(offset + index, attempt, retried.at, end));
    // Without an end of its own an attempt lasts until the next one, or until now.
    const limit = next?.first ?? next?.started ?? end;
    const isRunning = isOpen && attempt.ended === null && next === undefined;
    lanes.push(attemptLane(attempt, offset + index + 1, index > 0, limit, isRunning));
  });
  const retried = attempts.at(-1)?.ended;
  if (isOpen && retried) lanes.push(backoffLane(offset + attempts.length, null, retried.at, end));
  const total = (kind: Segment['kind']): number =>
    lanes
      .flatMap((lane) => lane.segments)
      .filter((segment) => segment.kind === kind)
      .reduce((sum, segment) => sum + segment.to - segment.from, 0);
  return { start, end, lanes, waited: total('wait'), backedOff: total('backoff'), ran: total('run'), isOpen };
}

function backoffLane(retry: number, next: Attempt | null, from: number, end: number): Lane {
  const to = Math.max(from, next?.started ?? next?.ended?.at ?? end);
  return {
    name: 'Back-off',
    note: `retry ${retry}`,
    segments: [{ kind: 'backoff', from, to, look: 'retry' }],
    outcome: { strong: '', text: formatDuration(to - from), look: 'retry' },
    isRunning: false,
  };
}

function attemptLane(attempt: Attempt, number: number, isRetry: boolean, end: number, isOpen: boolean): Lane {
  const { first, started, ended } = attempt;
  const segments: Segment[] = [];
  const look: Look = ended ? (ENDS[ended.type] ?? 'custom') : 'started';
  // A retry is received at once and waits its countdown: that time is the back-off lane's.
  if (first !== null && !isRetry) {
    const to = started ?? ended?.at ?? end;
    segments.push({ kind: 'wait', from: first, to: Math.max(first, to), look: 'pending' });
  }
  if (started !== null) {
    const to = ended?.at ?? end;
    // A failed run is drawn as one even where the task is tried again: the colour tells how this attempt went.
    segments.push({
      kind: 'run',
      from: started,
      to: Math.max(started, to),
      look: ended?.type === 'retried' ? 'failure' : look,
    });
  }
  return {
    name: `Attempt ${number}`,
    note: attempt.worker ?? '',
    segments,
    outcome: outcomeOf(attempt, look, end, isOpen),
    isRunning: isOpen && started !== null,
  };
}

function outcomeOf(attempt: Attempt, look: Look, end: number, isOpen: boolean): Lane['outcome'] {
  const { started, ended } = attempt;
  const ran = started === null ? null : (ended?.at ?? end) - started;
  if (ended && (ended.type === 'failed' || ended.type === 'retried')) {
    const strong = ended.note ? exceptionName(ended.note) : 'Failed';
    return { strong, text: ran === null ? '' : ` after ${formatDuration(ran)}`, look: 'failure' };
  }
  if (ended?.type === 'succeeded') return { strong: '', text: formatDuration(ran), look };
  if (ended) return { strong: '', text: ended.type, look };
  if (ran === null) return { strong: '', text: isOpen ? 'waiting' : '', look };
  return {
    strong: '',
    text: isOpen ? `running ${formatDuration(ran)}` : `ended after ${formatDuration(ran)}`,
    look,
  };
}
