'use client';

import { type ReactNode, useState } from 'react';
import type { TaskMoment } from '../../lib/contract/records.ts';
import { formatClock, formatDuration, formatExact } from '../ui/format.ts';
import { Glyph } from '../ui/glyph.tsx';
import { usePreferences } from '../ui/preferences.tsx';
import { type Look, stateClass } from '../ui/states.ts';

const LOOKS: Readonly<Record<string, { readonly look: Look; readonly word: string }>> = {
  sent: { look: 'pending', word: 'Sent' },
  received: { look: 'received', word: 'Received' },
  started: { look: 'started', word: 'Started' },
  progress: { look: 'custom', word: 'Progress' },
  retried: { look: 'retry', word: 'Retry' },
  succeeded: { look: 'success', word: 'Success' },
  failed: { look: 'failure', word: 'Failure' },
  revoked: { look: 'revoked', word: 'Revoked' },
  rejected: { look: 'rejected', word: 'Rejected' },
};

/** Shown before one asks for all. */
const FIRST = 12;

function looksOf(type: string): { readonly look: Look; readonly word: string } {
  return LOOKS[type] ?? { look: 'custom', word: type };
}

/** What happened, newest first, each with the time since the moment before it. */
export function MomentList(props: {
  readonly moments: readonly TaskMoment[];
  readonly now: number;
}): ReactNode {
  const { zone } = usePreferences();
  const [isAll, setAll] = useState(false);
  const sorted = [...props.moments].sort((a, b) => a.at - b.at);
  const lines = sorted
    .map((moment, index) => ({
      moment,
      number: index,
      gap: index === 0 ? null : moment.at - (sorted[index - 1]?.at ?? 0),
    }))
    .reverse();
  const shown = isAll ? lines : lines.slice(0, FIRST);
  if (lines.length === 0) return null;
  return (
    <>
      <ol className="evs" reversed>
        {shown.map(({ moment, number, gap }) => {
          const { look, word } = looksOf(moment.type);
          return (
            <li key={number} className={`ev ${stateClass(look)}`}>
              <Glyph look={look} />
              <span className="strong cut">{word}</span>
              <span className="gap num">{gap === null ? '' : `+${formatDuration(gap)}`}</span>
              <span className="at mono dim" title={formatExact(moment.at, zone)}>
                {formatClock(moment.at, zone, true)}
              </span>
              <span className="note cut mid" title={moment.note ?? ''}>
                {moment.note ?? ''}
              </span>
              <span className="src dim hide-s cut">
                {[moment.worker, moment.pid === null ? null : `pid ${moment.pid}`].filter(Boolean).join(', ')}
              </span>
            </li>
          );
        })}
      </ol>
      {lines.length > FIRST ? (
        <button type="button" className="btn bare sm" onClick={() => setAll(!isAll)}>
          {isAll ? 'Fewer' : `All ${lines.length} moments`}
        </button>
      ) : null}
    </>
  );
}
