'use client';

import { useWindowVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useMedia } from '../ui/use-media.ts';

const ROW = 36;
const ROW_TOUCH = 56;

interface Rows {
  readonly virtual: Virtualizer<Window, Element>;
  /** Goes to the element that holds the rows. */
  readonly body: RefObject<HTMLTableSectionElement | null>;
  /** How far below the top of the page the rows begin. */
  readonly offset: number;
}

/** Which rows are in the window: they have one height and scroll with the page. */
export function useRows(order: readonly string[]): Rows {
  const height = useMedia('(max-width: 720px)') ? ROW_TOUCH : ROW;
  const body = useRef<HTMLTableSectionElement>(null);
  const [offset, setOffset] = useState(0);
  // What stands above the table (banners, the strip) may change its height at any render.
  useLayoutEffect(() => {
    const top = (body.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
    if (Math.abs(top - offset) > 0.5) setOffset(top);
  });
  const virtual = useWindowVirtualizer({
    count: order.length,
    estimateSize: useCallback(() => height, [height]),
    overscan: 6,
    scrollMargin: offset,
    getItemKey: useCallback((index: number) => order[index] ?? index, [order]),
  });
  useEffect(() => {
    if (height > 0) virtual.measure();
  }, [virtual, height]);
  return { virtual, body, offset };
}
