import type { ReactNode } from 'react';
import { BOX } from './geometry.ts';

/** One stacked kind: its class brings the colour. */
export interface Stack {
  readonly className: string;
  readonly values: readonly number[];
}

/** Bars stacked up from `zero`, or hanging down from it. The last bucket is still running: half opaque. */
export function StackedBars(props: {
  readonly stacks: readonly Stack[];
  readonly max: number;
  readonly zero?: number;
  readonly height?: number;
  readonly isDown?: boolean;
}): ReactNode {
  const count = props.stacks[0]?.values.length ?? 0;
  const width = BOX / Math.max(1, count);
  const zero = props.zero ?? BOX;
  const height = props.height ?? BOX;
  const bars: ReactNode[] = [];
  for (let index = 0; index < count; index += 1) {
    let y = zero;
    for (const stack of props.stacks) {
      const value = stack.values[index] ?? 0;
      if (value <= 0) continue;
      const size = Math.max(4, Math.min(1.02, value / props.max) * height);
      if (!props.isDown) y -= size;
      bars.push(
        <rect
          key={`${stack.className}${index}`}
          className={`bs ${stack.className}`}
          x={index * width + width * 0.1}
          y={y}
          width={width * 0.8}
          height={size}
          opacity={index === count - 1 ? 0.5 : 1}
        />,
      );
      if (props.isDown) y += size;
    }
  }
  return bars;
}
