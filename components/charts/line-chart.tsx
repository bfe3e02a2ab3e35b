'use client';

import type { ReactNode } from 'react';
import { formatClock, isFigure } from '../ui/format.ts';
import { usePreferences } from '../ui/preferences.tsx';
import { ChartFrame, type Mark } from './chart-frame.tsx';
import { areas, BOX, largest, lines, niceMax, type Points, timeTicks, yOf } from './geometry.ts';

/** One line: ink measures, the second series is grey. */
export interface Line {
  readonly name: string;
  readonly points: Points;
  readonly tone?: 'second';
}

/**
 * Lines over time from zero. The first has a wash below it, or between it and the second when `isBand`.
 * `format` writes the axis and the readout.
 */
export function LineChart(props: {
  readonly title: string;
  readonly series: readonly Line[];
  readonly end: number;
  readonly stepSeconds: number;
  readonly height: number;
  readonly inset?: number;
  /** A fixed top of the axis, such as 100 percent; the data decides when absent. */
  readonly max?: number;
  readonly least?: number;
  readonly format: (value: number) => string;
  readonly tickCount?: number;
  readonly isBand?: boolean;
  readonly marks?: readonly Mark[];
  readonly zoneFrom?: number | null;
  /** Name in the upper left corner. */
  readonly name?: string;
  /** Writes each line's name at its end. */
  readonly isLabelled?: boolean;
}): ReactNode {
  const { zone } = usePreferences();
  const [first, second] = props.series;
  const count = first?.points.length ?? 0;
  const top = largest(...props.series.map((line) => line.points));
  const max = props.max !== undefined && top <= props.max ? props.max : niceMax(top, props.least ?? 1);
  const [half, whole] = [props.format(max / 2), props.format(max)];
  const start = props.end - Math.max(0, count - 1) * props.stepSeconds;
  return (
    <ChartFrame
      title={props.title}
      height={props.height}
      inset={props.inset ?? 30}
      grid={[
        { top: 100, label: '0', isZero: true },
        { top: 50, label: half === whole ? '' : half },
        { top: 0, label: whole },
      ]}
      ticks={props.tickCount === 0 ? [] : timeTicks(start, props.end, props.tickCount ?? 3, zone)}
      marks={props.marks ?? []}
      zoneFrom={props.zoneFrom ?? null}
      labels={
        <>
          {props.name ? <span className="dl name">{props.name}</span> : null}
          {props.isLabelled ? endLabels(props.series, max) : null}
        </>
      }
      count={count}
      readout={(index) => (
        <>
          <span className="dim">{formatClock(start + index * props.stepSeconds, zone)}</span>
          {props.series.map((line) => {
            const value = line.points[index];
            return (
              <span key={line.name}>
                {props.series.length > 1 ? `${line.name} ` : ''}
                {isFigure(value) ? props.format(value) : 'none'}
              </span>
            );
          })}
        </>
      )}
    >
      {first
        ? areas(first.points, max, props.isBand ? second?.points : undefined).map((points) => (
            <polygon key={points} className="ar" points={points} />
          ))
        : null}
      {[...props.series]
        .reverse()
        .map((line) =>
          lines(line.points, max).map((points) => (
            <polyline key={line.name + points} className={line.tone ? 'ln b' : 'ln'} points={points} />
          )),
        )}
    </ChartFrame>
  );
}

/** Each line's name beside its last point, kept apart by at least a line of text. */
function endLabels(series: readonly Line[], max: number): ReactNode {
  let lowest = -Infinity;
  return [...series]
    .map((line) => ({ line, last: line.points.findLast(isFigure) }))
    .filter((entry) => isFigure(entry.last))
    .sort((a, b) => (b.last ?? 0) - (a.last ?? 0))
    .map(({ line, last }, index, all) => {
      const wanted = (yOf(last ?? 0, max) / BOX) * 100;
      const bottom = 84 - (all.length - 1 - index) * 16;
      const top = Math.min(bottom, Math.max(wanted - 15, lowest + 16, 0));
      lowest = top;
      return (
        <span key={line.name} className="dl end" style={{ top: `${top}%` }}>
          {line.name}
        </span>
      );
    });
}
