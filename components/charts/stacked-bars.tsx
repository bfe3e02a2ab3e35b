import type { ReactNode } from 'react';
import { BOX } from './geometry.ts';

/** One stacked kind: its class brings the colour. */
export interface Stack {
  readonly className: string;
  readonly values: readonly number[];
}

interface StackedBarsProps {
  readonly stacks: readonly Stack[];
  readonly max: number;
  /** Where zero is in the box, and how much of it the largest bar takes; the whole box when absent. */
  readonly zero?: number;
  readonly height?: number;
  readonly isDown?: boolean;
}

/** The least that is seen: one failure among thousands. */
const MIN_HEIGHT = 4;

interface Bar {
  readonly className: string;
  readonly y: number;
  readonly height: number;
}

/** The bars of one bucket, from zero outwards. */
function column(props: StackedBarsProps, index: number): readonly Bar[] {
  const { stacks, max, zero = BOX, height = BOX, isDown = false } = props;
  let edge = zero;
  const bars: Bar[] = [];
  for (const { className, values } of stacks) {
    const value = values[index] ?? 0;
    if (value <= 0) continue;
    const size = Math.max(MIN_HEIGHT, Math.min(1.02, value / max) * height);
    bars.push({ className, y: isDown ? edge : edge - size, height: size });
    edge += isDown ? size : -size;
  }
  return bars;
}

/** Bars stacked up from zero, or hanging down from it. The last bucket is still running: half opaque. */
export function StackedBars(props: StackedBarsProps): ReactNode {
  const count = props.stacks[0]?.values.length ?? 0;
  const width = BOX / Math.max(1, count);
  return Array.from({ length: count }, (_, index) =>
    column(props, index).map((bar) => (
      <rect
        // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place in time
        key={`${bar.className} ${index}`}
        className={`bs ${bar.className}`}
        x={index * width + width * 0.1}
        y={bar.y}
        width={width * 0.8}
        height={bar.height}
        opacity={index === count - 1 ? 0.5 : 1}
      />
    )),
  );
}
