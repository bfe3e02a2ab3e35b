'use client';

import type { ReactNode } from 'react';
import type { TasksSnapshot } from '../../lib/contract/live.ts';
import { formatClock, formatCount } from '../ui/format.ts';
import { usePreferences } from '../ui/preferences.tsx';
import { ChartFrame } from './chart-frame.tsx';
import { niceMax, timeTicks } from './geometry.ts';
import { StackedBars } from './stacked-bars.tsx';

/** The last hour minute by minute, above the task table. */
export function MinuteStrip({ minutes }: { readonly minutes: TasksSnapshot['minutes'] }): ReactNode {
  const { zone } = usePreferences();
  const total = (minute: TasksSnapshot['minutes'][number]): number =>
    minute.success + minute.retry + minute.failure;
  const max = niceMax(Math.max(0, ...minutes.map(total)), 5);
  const all = minutes.reduce((sum, minute) => sum + total(minute), 0);
  return (
    <ChartFrame
      title={`Matching tasks finished per minute over the last hour, ${formatCount(all)} in all`}
      height={52}
      inset={0}
      grid={[]}
      ticks={timeTicks(minutes[0]?.at ?? 0, minutes.at(-1)?.at ?? 0, 5, zone)}
      count={minutes.length}
      isBars
      readout={(index) => {
        const minute = minutes[index];
        if (!minute) return null;
        return (
          <>
            <span className="dim">{formatClock(minute.at, zone)}</span>
            <span>{formatCount(total(minute))} finished</span>
            {minute.failure > 0 ? <span>{formatCount(minute.failure)} failed</span> : null}
          </>
        );
      }}
    >
      <StackedBars
        stacks={[
          { className: 's-success', values: minutes.map((minute) => minute.success) },
          { className: 's-retry', values: minutes.map((minute) => minute.retry) },
          { className: 's-failure', values: minutes.map((minute) => minute.failure) },
        ]}
        max={max}
      />
    </ChartFrame>
  );
}
