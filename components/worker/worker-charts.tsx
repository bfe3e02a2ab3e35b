'use client';

import type { ReactNode } from 'react';
import type { Series, WorkerDetail } from '../../lib/contract/records.ts';
import { largest } from '../charts/geometry.ts';
import { LineChart } from '../charts/line-chart.tsx';
import { Absent, Unit } from '../ui/figures.tsx';
import { bytesFigure, type Figure, formatRate, formatShort, isFigure } from '../ui/format.ts';

const UNITS = { G: 2 ** 30, M: 2 ** 20 } as const;

function Mini(props: {
  readonly name: string;
  readonly figure: Figure | null;
  readonly series: Series;
  readonly second?: { readonly name: string; readonly series: Series };
  readonly max?: number;
  readonly least?: number;
  /** The worker is gone: the figure is the last one it told. */
  readonly isPast: boolean;
}): ReactNode {
  const { name, figure, series, second } = props;
  const now = figure ? `${figure.value}${figure.unit}` : 'not known';
  const when = props.isPast ? 'last seen' : 'now';
  return (
    <div className={props.isPast ? 'cell mini is-past' : 'cell mini'}>
      <div className="head">
        <h3>{name}</h3>
        <span className="grow" />
        {props.isPast && figure ? <span className="dim small nowrap">last seen</span> : null}
        <b>
          {figure ? (
            <>
              {figure.value}
              <Unit>{figure.unit}</Unit>
            </>
          ) : (
            <Absent />
          )}
        </b>
      </div>
      <LineChart
        title={`${name} over time, ${when} ${now}`}
        height={92}
        inset={26}
        end={series.end}
        stepSeconds={series.stepSeconds}
        format={formatShort}
        {...(props.max === undefined ? {} : { max: props.max })}
        least={props.least ?? 1}
        series={[
          { name: second ? 'active' : name, points: series.points },
          ...(second ? [{ name: second.name, points: second.series.points, tone: 'second' as const }] : []),
        ]}
      />
    </div>
  );
}

/** Memory in the unit that fits its largest point. */
function inUnit(series: Series): { readonly unit: 'G' | 'M'; readonly series: Series } {
  const unit = largest(series.points) >= UNITS.G ? 'G' : 'M';
  const points = series.points.map((point) => (isFigure(point) ? point / UNITS[unit] : null));
  return { unit, series: { ...series, points } };
}

function rounded(value: number | null | undefined, unit: string, digits = 0): Figure | null {
  return isFigure(value) ? { value: value.toFixed(digits), unit } : null;
}

/** CPU, memory, load, event loop, and what runs and finishes. */
export function WorkerCharts({ worker }: { readonly worker: WorkerDetail }): ReactNode {
  const memory = inUnit(worker.memory);
  const isPast = worker.status === 'offline';
  return (
    <section className="cells minis" aria-label="Over time">
      <Mini
        name="CPU"
        figure={rounded(worker.cpuPercent, '%')}
        series={worker.cpu}
        max={100}
        isPast={isPast}
      />
      <Mini
        name={`Memory, ${memory.unit}`}
        figure={bytesFigure(worker.memoryBytes)}
        series={memory.series}
        least={0.1}
        isPast={isPast}
      />
      <Mini
        name="Load 1 min"
        figure={rounded(worker.load?.[0], '', 1)}
        series={worker.loadSeries}
        isPast={isPast}
      />
      <Mini
        name="Event loop"
        figure={rounded(worker.loopMs, 'ms', 1)}
        series={worker.loopSeries}
        least={5}
        isPast={isPast}
      />
      <Mini
        name="Active, finished"
        figure={isPast ? null : { value: `${worker.active}, ${formatRate(worker.rate)}`, unit: '/s' }}
        isPast={isPast}
        series={worker.activeSeries}
        second={{ name: 'finished/s', series: worker.rateSeries }}
      />
    </section>
  );
}
