import type { ReactNode } from 'react';

export type SlotKind = 'busy' | 'over' | 'free' | 'gone';

/** More than this many slots are never drawn one by one. */
const MAX_DRAWN = 200;
const CLASSES: Record<SlotKind, string> = { busy: 'b', over: 'o', free: '', gone: 'x' };

/** A worker's capacity: blue busy, amber over its p95, hollow free, dashed gone. */
export function Slots(props: {
  readonly total: number;
  readonly busy: number;
  readonly over?: number;
  readonly isGone?: boolean;
}): ReactNode {
  const total = Math.max(0, Math.min(MAX_DRAWN, Math.round(props.total)));
  const over = props.over ?? 0;
  const kinds = Array.from({ length: total }, (_, index): SlotKind => {
    if (props.isGone) return 'gone';
    if (index < over) return 'over';
    return index < props.busy ? 'busy' : 'free';
  });
  const label = props.isGone ? `${props.total} slots gone` : `${props.busy} of ${props.total} slots busy`;
  return (
    <span className={`slots${total > 16 ? ' grid25' : ''}`} role="img" aria-label={label}>
      {kinds.map((kind, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a slot is its place in the row
        <i key={index} className={CLASSES[kind]} />
      ))}
    </span>
  );
}

/** How many of the tasks that run are past the 95th percentile of their kind. */
export function countOver(
  running: readonly { readonly started: number | null; readonly p95: number | null }[],
  now: number,
): number {
  return running.filter((task) => isOver(task, now)).length;
}

/** Past its p95, and by more than the flicker of a clock. */
export function isOver(
  task: { readonly started: number | null; readonly p95: number | null },
  now: number,
): boolean {
  if (task.started === null || task.p95 === null) return false;
  return now - task.started > Math.max(task.p95 * 1.1, task.p95 + 0.25);
}
