'use client';

import type { ReactNode } from 'react';
import type { TaskDetail } from '../../lib/contract/records.ts';
import { READY_STATES } from '../../lib/contract/states.ts';
import { formatClock, formatCount, formatRough } from '../ui/format.ts';
import { usePreferences } from '../ui/preferences.tsx';

/** Share done, 0 to 1; null for a task that says none or is over. */
export function shareDone(task: TaskDetail): number | null {
  const { progress } = task;
  if (!progress || progress.total <= 0 || READY_STATES.has(task.state)) return null;
  return Math.max(0, Math.min(1, progress.current / progress.total));
}

/** The bar of a task that tells how far it is, and when it should be done at this pace. */
export function TaskProgress(props: { readonly task: TaskDetail; readonly now: number }): ReactNode {
  const { zone } = usePreferences();
  const { task, now } = props;
  const share = shareDone(task);
  if (share === null || !task.progress) return null;
  const elapsed = task.started === null ? 0 : now - task.started;
  const left = share > 0.02 && share < 1 && elapsed > 0.5 ? (elapsed / share) * (1 - share) : null;
  return (
    <div className="prog">
      <div
        className="progress s-custom"
        role="progressbar"
        aria-label="Progress"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
      >
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <div className="row small">
        <span className="strong nowrap">
          {formatCount(task.progress.current)} of {formatCount(task.progress.total)}
        </span>
        <span className="mid cut">{task.progress.text ?? ''}</span>
        <span className="grow" />
        {left === null ? null : (
          <span className="mid nowrap">
            about {formatRough(Math.max(1, left))} left, due {formatClock(now + left, zone)}
          </span>
        )}
      </div>
    </div>
  );
}
