'use client';

import type { ReactNode } from 'react';
import { bytesFigure, durationFigures, formatAgo, formatExact, formatWhen, NONE } from './format.ts';
import { usePreferences } from './preferences.tsx';

/** A unit, small and grey. */
export function Unit({ children }: { readonly children: ReactNode }): ReactNode {
  return <span className="unit">{children}</span>;
}

/** "none" in grey: what is absent is said, never dashed. */
export function Absent({ children = NONE }: { readonly children?: ReactNode }): ReactNode {
  return <span className="dim">{children}</span>;
}

/** Seconds as `740ms`, `2.31s`, `6m 22s`. */
export function Duration({ seconds }: { readonly seconds: number | null | undefined }): ReactNode {
  const figures = durationFigures(seconds);
  if (figures.length === 0) return <Absent />;
  return figures.map(({ value, unit }, index) => (
    <span key={unit} className="nowrap">
      {index > 0 ? ' ' : ''}
      {value}
      <Unit>{unit}</Unit>
    </span>
  ));
}

/** Bytes as `1.4G`. */
export function Bytes({ bytes }: { readonly bytes: number | null | undefined }): ReactNode {
  const figure = bytesFigure(bytes);
  if (!figure) return <Absent />;
  return (
    <>
      {figure.value}
      <Unit>{figure.unit}</Unit>
    </>
  );
}

/** How long ago, with the exact time on hover. */
export function Ago(props: { readonly at: number | null | undefined; readonly now: number }): ReactNode {
  const { zone } = usePreferences();
  return <span title={formatExact(props.at, zone)}>{formatAgo(props.at, props.now, zone)}</span>;
}

/** The clock, with the exact time on hover. */
export function When(props: { readonly at: number | null | undefined; readonly now: number }): ReactNode {
  const { zone } = usePreferences();
  return <span title={formatExact(props.at, zone)}>{formatWhen(props.at, props.now, zone)}</span>;
}

/** An id with its middle left out and the whole in the tooltip. */
export function ShortId({ id }: { readonly id: string }): ReactNode {
  if (id.length <= 14) return <span className="mono">{id}</span>;
  return (
    <span className="mono" title={id}>
      {id.slice(0, 8)}
      <span className="dim">…</span>
      {id.slice(-4)}
    </span>
  );
}
