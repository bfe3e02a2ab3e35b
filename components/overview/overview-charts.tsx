'use client';

import type { ReactNode } from 'react';
import type { Overview } from '../../lib/contract/records.ts';
import type { Mark } from '../charts/chart-frame.tsx';
import { LineChart } from '../charts/line-chart.tsx';
import { ThroughputChart } from '../charts/throughput-chart.tsx';
import { formatDuration, formatShort, formatTick, type Zone } from '../ui/format.ts';
import { usePreferences } from '../ui/preferences.tsx';

/** Two events closer than this share of the chart would write over each other. */
const MIN_GAP = 0.3;

function stepName(seconds: number): string {
  if (seconds === 60) return 'minute';
  if (seconds === 3_600) return 'hour';
  return seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** When the problems of now began, as far as the chart reaches back; the worst get the room. */
function marksOf(overview: Overview, zone: Zone): readonly Mark[] {
  const start = overview.buckets[0]?.at;
  const end = (overview.buckets.at(-1)?.at ?? 0) + overview.stepSeconds;
  if (start === undefined || end <= start) return [];
  const marks: Mark[] = [];
  for (const problem of overview.problems) {
    const place = (problem.since - start) / (end - start);
    const isCrowded = marks.some((mark) => Math.abs(mark.place - place) < MIN_GAP);
    if (place < 0.02 || place > 0.995 || isCrowded) continue;
    marks.push({ place, label: `${formatTick(problem.since, zone)} ${problem.title.slice(0, 34)}` });
  }
  return marks;
}

/** Throughput, and where the time goes: waiting and running. */
export function OverviewCharts({ overview }: { readonly overview: Overview }): ReactNode {
  const { zone } = usePreferences();
  const { buckets, stepSeconds } = overview;
  const end = buckets.at(-1)?.at ?? overview.now;
  const step = stepName(stepSeconds);
  const latency = (name: 'Wait' | 'Run', isLast: boolean): ReactNode => {
    const [p50, p95] = name === 'Wait' ? (['waitP50', 'waitP95'] as const) : (['runP50', 'runP95'] as const);
    const now = name === 'Wait' ? overview.waitP95 : overview.runP95;
    return (
      <LineChart
        title={`${name} time in seconds, median and 95th percentile, now ${formatDuration(now)} at the 95th`}
        name={name}
        height={isLast ? 141 : 121}
        end={end}
        stepSeconds={stepSeconds}
        format={formatShort}
        least={0.01}
        tickCount={isLast ? 3 : 0}
        isBand
        isLabelled
        series={[
          { name: 'p95', points: buckets.map((bucket) => bucket[p95]) },
          { name: 'p50', points: buckets.map((bucket) => bucket[p50]), tone: 'second' },
        ]}
      />
    );
  };
  return (
    <section className="cells ov-charts">
      <div className="cell">
        <div className="head">
          <h2>Throughput</h2>
          <span className="dim small nowrap">finished per {step}</span>
          <div className="legend hide-s">
            <span className="s-success">
              <i />
              success
            </span>
            <span className="s-retry">
              <i />
              retry
            </span>
            <span className="s-failure">
              <i />
              failure
            </span>
          </div>
        </div>
        <ThroughputChart
          buckets={buckets}
          stepSeconds={stepSeconds}
          unit={step}
          height={262}
          marks={marksOf(overview, zone)}
        />
      </div>
      <div className="cell">
        <div className="head">
          <h2>Where the time goes</h2>
          <span className="more">seconds</span>
        </div>
        {latency('Wait', false)}
        {latency('Run', true)}
      </div>
    </section>
  );
}
