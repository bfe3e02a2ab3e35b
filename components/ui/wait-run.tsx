import type { ReactNode } from 'react';
import type { TaskRow } from '../../lib/contract/records.ts';
import { formatDuration } from './format.ts';
import { type Look, stateClass } from './states.ts';

/** Place of a duration on the log axis from 10 ms (0) to 100 s (100). */
function place(seconds: number): number {
  const millis = Math.max(seconds * 1_000, 10);
  return Math.min(100, ((Math.log10(millis) - 1) / 4) * 100);
}

/** How long a task waited and ran, in seconds, as far as its times tell; null where they do not. */
export function waitAndRun(
  row: TaskRow,
  now: number,
): { readonly wait: number | null; readonly run: number | null } {
  const first = row.sent ?? row.received;
  const end = row.finished ?? (row.state === 'RETRY' || row.isLost ? row.timestamp : now);
  const wait = first === null ? null : Math.max(0, (row.started ?? end) - first);
  if (row.started === null) return { wait, run: row.runtime };
  return { wait, run: row.runtime ?? Math.max(0, end - row.started) };
}

/** Hollow until it started, solid in the state's colour while it ran. */
export function WaitRun(props: {
  readonly wait: number | null;
  readonly run: number | null;
  readonly look: Look;
}): ReactNode {
  const waited = place(props.wait ?? 0);
  const ran = props.run === null ? null : place((props.wait ?? 0) + props.run);
  const moving = props.look === 'started' || props.look === 'custom' ? ' is-running' : '';
  const label = `waited ${formatDuration(props.wait)}, ran ${formatDuration(props.run)}`;
  return (
    <div className={`wr ${stateClass(props.look)}${moving}`} role="img" aria-label={label} title={label}>
      <i className="w" style={{ left: 0, width: `${Math.max(waited, 1.5)}%` }} />
      {ran === null ? null : (
        <i
          className="r"
          style={{ left: `${Math.min(waited, 98)}%`, width: `${Math.max(ran - waited, 2)}%` }}
        />
      )}
    </div>
  );
}

/** The axis all bars of a column share. */
export function WaitRunAxis(): ReactNode {
  return (
    <div className="wrax" title="Hollow: waiting. Solid: running. Time since sent, log scale">
      <span style={{ left: 0 }}>10ms</span>
      <span style={{ left: '50%' }}>1s</span>
      <span style={{ left: '92%' }}>100s</span>
    </div>
  );
}
