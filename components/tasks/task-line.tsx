'use client';

import { Ban, RotateCw } from 'lucide-react';
import Link from 'next/link';
import { memo, type ReactNode } from 'react';
import type { TaskRow } from '../../lib/contract/records.ts';
import { READY_STATES } from '../../lib/contract/states.ts';
import { IconButton } from '../ui/button.tsx';
import { Absent, Duration, When } from '../ui/figures.tsx';
import { formatPercent, formatWhen, parseTime } from '../ui/format.ts';
import { taskHref } from '../ui/links.ts';
import { usePreferences } from '../ui/preferences.tsx';
import { rowLook, StateWord } from '../ui/state.tsx';
import { stateClass } from '../ui/states.ts';
import { argumentsText, exceptionName } from '../ui/task-text.ts';
import { WaitRun, waitAndRun } from '../ui/wait-run.tsx';

/** What may be done to a row without opening it. */
export interface RowActions {
  readonly onRetry: (row: TaskRow) => void;
  readonly onRevoke: (row: TaskRow) => void;
}

export interface TaskLineProps {
  readonly row: TaskRow;
  readonly now: number;
  /** Place in the whole list, from 0. */
  readonly index: number;
  readonly top: number;
  readonly isActive: boolean;
  readonly isFresh: boolean;
  readonly isLeaving: boolean;
  readonly isReadOnly: boolean;
  readonly actions: RowActions;
}

function Note({ row, now }: { readonly row: TaskRow; readonly now: number }): ReactNode {
  const { zone } = usePreferences();
  const { look } = rowLook(row);
  if (row.exception && (look === 'failure' || look === 'retry')) {
    return (
      <span className={`tnote ${stateClass(look)} ${look === 'failure' ? 'loud' : ''}`} title={row.exception}>
        {exceptionName(row.exception)}
      </span>
    );
  }
  const due = look === 'eta' ? parseTime(row.eta) : null;
  if (due !== null) return <span className="tnote mid">due {formatWhen(due, now, zone)}</span>;
  return look === 'lost' ? <span className="tnote mid">worker vanished</span> : null;
}

function ProgressBar({ row }: { readonly row: TaskRow }): ReactNode {
  const { progress } = row;
  if (!progress || progress.total <= 0 || READY_STATES.has(row.state)) return null;
  const percent = Math.max(0, Math.min(100, (100 * progress.current) / progress.total));
  return (
    <>
      <span className="progress mini s-custom">
        <i style={{ width: `${percent}%` }} />
      </span>
      <span className="dim small">{formatPercent(Math.round(percent))}%</span>
    </>
  );
}

function Actions({ row, isReadOnly, actions }: TaskLineProps): ReactNode {
  if (isReadOnly) return null;
  return (
    <span className="rowacts">
      {READY_STATES.has(row.state) || row.isLost ? (
        <IconButton label="Retry… (r)" size="sm" tabIndex={-1} onClick={() => actions.onRetry(row)}>
          <RotateCw size={14} />
        </IconButton>
      ) : (
        <IconButton label="Revoke (x)" size="sm" tabIndex={-1} onClick={() => actions.onRevoke(row)}>
          <Ban size={14} />
        </IconButton>
      )}
    </span>
  );
}

/** One row of the task table. */
export const TaskLine = memo(function TaskLine(props: TaskLineProps): ReactNode {
  const { row, now, index } = props;
  const shown = rowLook(row);
  const { wait, run } = waitAndRun(row, now);
  const classes = ['tr', props.isActive ? 'is-active' : '', props.isFresh ? 'is-new' : ''];
  if (props.isLeaving) classes.push('is-off');
  return (
    <tr
      aria-rowindex={index + 2}
      aria-current={props.isActive}
      data-uuid={row.uuid}
      className={classes.filter(Boolean).join(' ')}
      style={{ transform: `translateY(${props.top}px)` }}
    >
      <td className="c-state">
        <StateWord {...shown} />
      </td>
      <td className="c-task">
        <Link className="strong nowrap" href={taskHref(row.uuid)} prefetch={false} tabIndex={-1}>
          {row.name ?? 'unknown task'}
        </Link>
        <ProgressBar row={row} />
        <span className="mono dim cut grow">{argumentsText(row.args, row.kwargs)}</span>
        <Note row={row} now={now} />
      </td>
      <td className="c-q cut mid">{row.queue ?? <Absent />}</td>
      <td className="c-w cut mid" title={row.worker ?? ''}>
        {row.worker ?? <Absent>no worker yet</Absent>}
      </td>
      <td className="c-at num mid">
        <When at={row.received ?? row.sent ?? row.timestamp} now={now} />
      </td>
      <td className="c-wr">
        <WaitRun wait={wait} run={run} look={shown.look} />
      </td>
      <td className="c-run num">
        {run === null ? <Absent /> : <Duration seconds={run} />}
        <Actions {...props} />
      </td>
      <td className={row.retries > 0 ? 'c-try num' : 'c-try num dim'}>{row.retries + 1}</td>
    </tr>
  );
});
