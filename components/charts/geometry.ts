import { formatTick, isFigure, type Zone } from '../ui/format.ts';

/*
 * Charts are drawn in a box of 1000 by 1000 that stretches to its place; words are HTML beside it and never stretch.
 */
export const BOX = 1_000;

export type Points = readonly (number | null)[];

/** Largest figure of all series, 0 when there is none. */
export function largest(...series: readonly Points[]): number {
  let max = 0;
  for (const points of series) for (const point of points) if (isFigure(point) && point > max) max = point;
  return max;
}

/** The next round number at or above `value`: 1, 2, 4, 5 or 10 times a power of ten, so that its half is round too. */
export function niceMax(value: number, least = 1): number {
  const wanted = Math.max(value, least);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const factor = [1, 2, 4, 5, 10].find((candidate) => candidate * power >= wanted * 0.999) ?? 10;
  return factor * power;
}

export function xOf(index: number, count: number): number {
  return count <= 1 ? BOX : (index / (count - 1)) * BOX;
}

export function yOf(value: number, max: number): number {
  return max <= 0 ? BOX : BOX - (Math.min(value, max * 1.05) / max) * BOX;
}

const at = (x: number, y: number): string => `${x.toFixed(1)},${y.toFixed(1)}`;

/** Runs of known points: no data is a gap, not zero. */
function runs(points: Points): { readonly index: number; readonly value: number }[][] {
  const out: { index: number; value: number }[][] = [];
  let run: { index: number; value: number }[] = [];
  points.forEach((value, index) => {
    if (isFigure(value)) run.push({ index, value });
    else if (run.length > 0) {
      out.push(run);
      run = [];
    }
  });
  if (run.length > 0) out.push(run);
  return out;
}

/** Points of one polyline for each unbroken run. A single point becomes a short dash. */
export function lines(points: Points, max: number): readonly string[] {
  return runs(points).map((run) => {
    const text = run.map(({ index, value }) => at(xOf(index, points.length), yOf(value, max)));
    const only = run.length === 1 ? run[0] : undefined;
    if (only) text.push(at(Math.max(0, xOf(only.index, points.length) - 6), yOf(only.value, max)));
    return text.join(' ');
  });
}

/** Points of one polygon for each unbroken run: from the line down to `below`, or to zero. */
export function areas(points: Points, max: number, below?: Points): readonly string[] {
  return runs(points)
    .filter((run) => run.length > 1)
    .map((run) => {
      const top = run.map(({ index, value }) => at(xOf(index, points.length), yOf(value, max)));
      const bottom = run
        .map(({ index }) => at(xOf(index, points.length), yOf(below?.[index] ?? 0, max)))
        .reverse();
      return [...top, ...bottom].join(' ');
    });
}

export interface Tick {
  /** 0 to 1. */
  readonly place: number;
  readonly label: string;
}

/** Times under an axis; the last is now. */
export function timeTicks(start: number, end: number, count: number, zone: Zone): readonly Tick[] {
  return Array.from({ length: count }, (_, index) => {
    const place = count === 1 ? 1 : index / (count - 1);
    return { place, label: formatTick(start + (end - start) * place, zone, end - start) };
  });
}
