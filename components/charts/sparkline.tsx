import type { ReactNode } from 'react';
import { areas, BOX, largest, lines, type Points } from './geometry.ts';

/** A line without an axis; it always stands beside its figure, which is what is read aloud. */
export function Sparkline(props: {
  readonly points: Points;
  /** Top of the scale, with a wash below the line; the largest point and no wash when absent. */
  readonly max?: number;
  readonly className?: string;
}): ReactNode {
  const max = props.max ?? largest(props.points) * 1.1;
  return (
    <span className={`spark ${props.className ?? ''}`}>
      <svg viewBox={`0 0 ${BOX} ${BOX}`} preserveAspectRatio="none" aria-hidden="true">
        {props.max === undefined
          ? null
          : areas(props.points, max).map((points) => <polygon key={points} className="ar" points={points} />)}
        {lines(props.points, max).map((points) => (
          <polyline key={points} className="ln" points={points} />
        ))}
      </svg>
    </span>
  );
}

/** Bars in a state's colour; a stub where there was nothing. `className` brings the colour. */
export function SparkBars(props: { readonly points: Points; readonly className: string }): ReactNode {
  const max = Math.max(1, largest(props.points));
  const width = BOX / Math.max(1, props.points.length);
  return (
    <span className={`spark ${props.className}`}>
      <svg viewBox={`0 0 ${BOX} ${BOX}`} preserveAspectRatio="none" aria-hidden="true">
        {props.points.map((point, index) => {
          const value = point ?? 0;
          const height = value > 0 ? Math.max(90, (value / max) * BOX) : 40;
          return (
            <rect
              // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place in time
              key={index}
              className={value > 0 ? 'bs' : 'stub'}
              x={index * width}
              y={BOX - height}
              width={width * 0.72}
              height={height}
            />
          );
        })}
      </svg>
    </span>
  );
}
