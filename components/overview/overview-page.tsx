'use client';

import { type ReactNode, Suspense } from 'react';
import type { Overview } from '../../lib/contract/records.ts';
import { RefusalNote } from '../live/refusal-note.tsx';
import { useRoom } from '../live/use-room.ts';
import { PageFrame } from '../shell/page-frame.tsx';
import { FirstSteps } from '../ui/first-steps.tsx';
import { SkeletonRows } from '../ui/skeleton.tsx';
import { OverviewCharts } from './overview-charts.tsx';
import { OverviewLists } from './overview-lists.tsx';
import { RangeSwitch, useRange } from './range-switch.tsx';
import { StateBar } from './state-bar.tsx';
import { Verdict } from './verdict.tsx';
import { Vitals } from './vitals.tsx';

function hasSeenTasks(overview: Overview): boolean {
  return overview.waiting > 0 || Object.values(overview.states).some((count) => count > 0);
}

function OverviewBody({ overview }: { readonly overview: Overview }): ReactNode {
  if (!hasSeenTasks(overview) && overview.problems.length === 0) {
    return <FirstSteps workerCount={overview.workers.length} title="No task has been seen yet" />;
  }
  return (
    <>
      <Verdict overview={overview} />
      <Vitals overview={overview} />
      <OverviewCharts overview={overview} />
      <StateBar states={overview.states} />
      <OverviewLists overview={overview} />
    </>
  );
}

function OverviewHere(): ReactNode {
  const range = useRange();
  const { data, refusal, isPrevious } = useRoom<'overview'>(
    { room: 'overview', range },
    { keepPrevious: true },
  );
  return (
    <PageFrame title="Overview" tools={<RangeSwitch range={range} />}>
      {refusal ? <RefusalNote what="Could not read the overview." message={refusal.message} /> : null}
      {data ? (
        <div className={isPrevious ? 'body-col is-previous' : 'body-col'}>
          <OverviewBody overview={data} />
        </div>
      ) : null}
      {data || refusal ? null : <SkeletonRows count={12} height={48} />}
    </PageFrame>
  );
}

/** The cluster on one screen: what is wrong, how much, how fast, who. */
export function OverviewPage(): ReactNode {
  return (
    <Suspense>
      <OverviewHere />
    </Suspense>
  );
}
