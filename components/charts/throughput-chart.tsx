'use client';

import type { ReactNode } from 'react';
import type { ThroughputBucket } from '../../lib/contract/records.ts';
import { formatClock, formatCount, formatShort } from '../ui/format.ts';
import { usePreferences } from '../ui/preferences.tsx';
import { ChartFrame, type Mark } from './chart-frame.tsx';
import { niceMax, timeTicks } from './geometry.ts';
import { StackedBars } from './stacked-bars.tsx';

/** Share of the height above zero, in percent. */
const ABOVE = 64;

/** Finished tasks stacked above zero, failures below on their own scale, so that 4 among 800 are seen. */
export function ThroughputChart(props: {
  readonly buckets: readonly ThroughputBucket[];
  readonly stepSeconds: number;
  readonly unit: string;
  readonly height: number;
  readonly marks: readonly Mark[];
}): ReactNode {
  const { zone } = usePreferences();
  const { buckets } = props;
  const top = niceMax(Math.max(0, ...buckets.map((bucket) => bucket.success + bucket.retry)), 10);
  const bottom = niceMax(Math.max(0, ...buckets.map((bucket) => bucket.failure)), 4);
  const start = buckets[0]?.at ?? 0;
  const end = buckets.at(-1)?.at ?? 0;
  const sum = (pick: (bucket: ThroughputBucket) => number): number =>
    buckets.reduce((total, bucket) => total + pick(bucket), 0);
  const title = `Tasks finished per ${props.unit}: ${formatCount(sum((bucket) => bucket.success))} succeeded, ${formatCount(sum((bucket) => bucket.retry))} retried; ${formatCount(sum((bucket) => bucket.failure))} failed, drawn below on their own scale`;
  return (
    <ChartFrame
      title={title}
      height={props.height}
      inset={34}
      grid={[
        { top: 0, label: formatShort(top) },
        { top: ABOVE / 2, label: formatShort(top / 2) },
        { top: ABOVE, label: '0', isZero: true },
        { top: 100, label: formatShort(bottom) },
      ]}
      ticks={timeTicks(start, end, 5, zone)}
      marks={props.marks}
      labels={<span className="dl failed-scale">{`failed per ${props.unit}, own scale`}</span>}
      count={buckets.length}
      isBars
      readout={(index) => {
        const bucket = buckets[index];
        if (!bucket) return null;
        return (
          <>
            <span className="dim">{formatClock(bucket.at, zone)}</span>
            <span>{formatCount(bucket.success)} success</span>
            {bucket.retry > 0 ? <span>{formatCount(bucket.retry)} retry</span> : null}
            {bucket.failure > 0 ? <span>{formatCount(bucket.failure)} failure</span> : null}
          </>
        );
      }}
    >
      <StackedBars
        stacks={[
          { className: 's-success', values: buckets.map((bucket) => bucket.success) },
          { className: 's-retry', values: buckets.map((bucket) => bucket.retry) },
        ]}
        max={top}
        zero={ABOVE * 10}
        height={ABOVE * 10}
      />
      <StackedBars
        stacks={[{ className: 's-failure', values: buckets.map((bucket) => bucket.failure) }]}
        max={bottom}
        zero={ABOVE * 10 + 12}
        height={1_000 - ABOVE * 10 - 12}
        isDown
      />
    </ChartFrame>
  );
}
