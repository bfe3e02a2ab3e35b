'use client';

import type { ReactNode } from 'react';
import type { ControlAnswer } from '../../lib/contract/records.ts';
import { formatClock, formatExact } from '../ui/format.ts';
import { usePreferences } from '../ui/preferences.tsx';

const MAX_SHOWN = 4;

/** What the worker answered, in its own words, newest first. */
export function Answers({ answers }: { readonly answers: readonly ControlAnswer[] }): ReactNode {
  const { zone } = usePreferences();
  const newest = [...answers].sort((a, b) => b.at - a.at).slice(0, MAX_SHOWN);
  return (
    <div aria-live="polite">
      {newest.map((answer) => (
        <p key={`${answer.at} ${answer.command}`} className="answer">
          <span className={answer.ok ? 'dot tiny' : 'dot tiny bad'} />
          <span className="mono answer-text">{answer.command}</span>
          <span className="mid grow answer-text">{answer.text}</span>
          <span className="dim" title={formatExact(answer.at, zone)}>
            {formatClock(answer.at, zone)}
          </span>
        </p>
      ))}
    </div>
  );
}
