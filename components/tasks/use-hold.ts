'use client';

import { useEffect, useState } from 'react';

/** Scrolled by less than this the top of the list is still in view. */
const TOP_PX = 24;

/**
 * Tells when the list must not move: the pointer is on it, a row is chosen, or it is scrolled. Returns how to say that
 * the pointer came or went.
 */
export function useHold(onHold: (isHeld: boolean) => void, isChosen: boolean): (isOver: boolean) => void {
  const [isOver, setOver] = useState(false);
  const [isScrolled, setScrolled] = useState(false);
  useEffect(() => {
    const look = (): void => setScrolled(window.scrollY > TOP_PX);
    look();
    window.addEventListener('scroll', look, { passive: true });
    return () => window.removeEventListener('scroll', look);
  }, []);
  const isHeld = isOver || isScrolled || isChosen;
  useEffect(() => onHold(isHeld), [isHeld, onHold]);
  return setOver;
}
