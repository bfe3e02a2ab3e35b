'use client';

import { type PointerEvent, type ReactNode, useState } from 'react';
import type { Tick } from './geometry.ts';

/** A line of the grid with its word. */
export interface GridLine {
  /** Percent from the top. */
  readonly top: number;
  readonly label: string;
  readonly isZero?: boolean;
}

/** An event in time: a dashed line with words. */
export interface Mark {
  /** 0 to 1. */
  readonly place: number;
  readonly label: string;
}

interface ChartFrameProps {
  /** The chart as a sentence. */
  readonly title: string;
  readonly height: number;
  /** Room for the words of the y axis, in pixels. */
  readonly inset: number;
  readonly grid: readonly GridLine[];
  readonly ticks: readonly Tick[];
  readonly marks?: readonly Mark[];
  /** Ground of the time from here (0 to 1) to now, when a limit was broken. */
  readonly zoneFrom?: number | null;
  readonly labels?: ReactNode;
  /** Number of points or bars, and the words for one of them, shown under the pointer. */
  readonly count: number;
  readonly readout?: (index: number) => ReactNode;
  readonly isBars?: boolean;
  readonly children: ReactNode;
}

function tickClass(place: number, index: number): string {
  if (index === 0 && place === 0) return 'xl first';
  return place === 1 ? 'xl last' : 'xl';
}

/** Axis, grid, events and the readout under the pointer; the drawing comes as children of one stretched svg. */
export function ChartFrame(props: ChartFrameProps): ReactNode {
  const [index, setIndex] = useState<number | null>(null);
  const steps = props.isBars ? props.count : props.count - 1;
  const move = (event: PointerEvent<HTMLDivElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    if (box.width === 0 || steps <= 0) return;
    const share = (event.clientX - box.left) / box.width;
    const found = props.isBars ? Math.floor(share * steps) : Math.round(share * steps);
    setIndex(Math.min(props.count - 1, Math.max(0, found)));
  };
  const place = index === null ? 0 : (index + (props.isBars ? 0.5 : 0)) / Math.max(1, steps);
  const readout = index !== null && index < props.count ? props.readout?.(index) : null;
  return (
    <figure
      className="chart"
      role="img"
      aria-label={props.title}
      style={{ height: props.height, '--pl': `${props.inset}px` }}
    >
      <div className="plot" onPointerMove={move} onPointerLeave={() => setIndex(null)}>
        {props.grid.map((line) => (
          <div key={line.top} className={line.isZero ? 'gl zero' : 'gl'} style={{ top: `${line.top}%` }}>
            <span className="yl">{line.label}</span>
          </div>
        ))}
        {props.zoneFrom === null || props.zoneFrom === undefined ? null : (
          <div className="zone" style={{ left: `${props.zoneFrom * 100}%`, right: 0 }} />
        )}
        <svg className="g" viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
          {props.children}
        </svg>
        {props.marks?.map((mark) => (
          <div
            key={`${mark.place} ${mark.label}`}
            className={mark.place > 0.5 ? 'mark l' : 'mark'}
            style={{ left: `${mark.place * 100}%` }}
          >
            <span>{mark.label}</span>
          </div>
        ))}
        {props.labels}
        {props.ticks.map((tick, at) => (
          <span
            key={tick.place}
            className={tickClass(tick.place, at)}
            style={{ left: `${tick.place * 100}%` }}
          >
            {tick.label}
          </span>
        ))}
        {readout ? (
          <div className={place > 0.5 ? 'readout l' : 'readout'} style={{ left: `${place * 100}%` }}>
            <span>{readout}</span>
          </div>
        ) : null}
      </div>
    </figure>
  );
}
