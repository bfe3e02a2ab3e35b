import type { ReactNode } from 'react';
import type { Overview, ThroughputBucket } from '../../lib/contract/records.ts';
import type { Points } from '../charts/geometry.ts';
import { SparkBars, Sparkline } from '../charts/sparkline.tsx';
import { Absent, Unit } from '../ui/figures.tsx';
import {
  durationFigures,
  type Figure,
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
} from '../ui/format.ts';

function Vital(props: {
  readonly label: string;
  readonly note: string;
  readonly figures: readonly Figure[];
  readonly tone?: 'bad' | 'warn' | '';
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className="vital">
      <span className="label">
        <span className="nowrap">{props.label}</span>
        <span className="hide-s vital-note cut">{props.note}</span>
      </span>
      <b className={props.tone ?? ''}>
        {props.figures.length === 0 ? <Absent /> : null}
        {props.figures.map(({ value, unit }, index) => (
          <span key={unit || 'plain'}>
            {index > 0 ? ' ' : ''}
            {value}
            <Unit>{unit}</Unit>
          </span>
        ))}
      </b>
      {props.children}
    </div>
  );
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function average(values: readonly number[]): number | null {
  return values.length === 0 ? null : total(values) / values.length;
}

/** Without the time before the first task: nothing was known then, which is not zero. */
function sinceFirst(buckets: readonly ThroughputBucket[]): readonly ThroughputBucket[] {
  const first = buckets.findIndex((bucket) => bucket.success + bucket.failure + bucket.retry > 0);
  return first < 0 ? [] : buckets.slice(first);
}

function latency(seconds: number | null): readonly Figure[] {
  return durationFigures(seconds);
}

const pick = (buckets: readonly ThroughputBucket[], key: 'waitP95' | 'runP95'): Points =>
  buckets.map((bucket) => bucket[key]);

/** Six figures of now, each with where it comes from. */
export function Vitals({ overview }: { readonly overview: Overview }): ReactNode {
  const done = sinceFirst(overview.buckets).slice(0, -1);
  const finished = done.map((bucket) => bucket.success + bucket.failure);
  const ended = total(finished);
  const failed = total(done.map((bucket) => bucket.failure));
  const usual = average(finished);
  const isFailing = overview.problems.some((problem) => problem.kind === 'failing');
  const isAbandoned = overview.problems.some((problem) => problem.kind === 'abandoned_queue');
  return (
    <section className="cells vitals" aria-label="Now">
      <Vital
        label="Finished"
        note={usual === null ? '' : `avg ${formatRate(usual / Math.max(1, overview.stepSeconds))}`}
        figures={[{ value: formatRate(overview.finishedPerSecond), unit: '/s' }]}
      >
        <Sparkline points={finished} />
      </Vital>
      <Vital
        label="Failed"
        note={ended === 0 ? '' : `avg ${formatPercent((100 * failed) / ended)}%`}
        figures={[{ value: formatPercent(overview.failedPercent), unit: '%' }]}
        tone={isFailing ? 'bad' : ''}
      >
        <SparkBars
          points={overview.buckets.slice(-30).map((bucket) => bucket.failure)}
          className="s-failure"
        />
      </Vital>
      <Vital
        label="Waiting"
        note={
          overview.queues.length === 1 ? 'in 1 queue' : `in ${formatCount(overview.queues.length)} queues`
        }
        figures={[{ value: formatCount(overview.waiting), unit: '' }]}
        tone={isAbandoned ? 'warn' : ''}
      >
        <Sparkline points={overview.waitingSeries.points} />
      </Vital>
      <Vital
        label="Wait p95"
        note={`p50 ${formatDuration(overview.waitP50)}`}
        figures={latency(overview.waitP95)}
      >
        <Sparkline points={pick(overview.buckets, 'waitP95')} />
      </Vital>
      <Vital
        label="Run p95"
        note={`p50 ${formatDuration(overview.runP50)}`}
        figures={latency(overview.runP95)}
      >
        <Sparkline points={pick(overview.buckets, 'runP95')} />
      </Vital>
      <Vital
        label="Slots busy"
        note={`of ${formatCount(overview.slotsTotal)} online`}
        figures={[{ value: formatCount(overview.slotsBusy), unit: '' }]}
      >
        <Sparkline points={overview.slotsSeries.points} max={Math.max(1, overview.slotsTotal)} />
      </Vital>
    </section>
  );
}
