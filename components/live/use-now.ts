'use client';

import { useEffect, useState } from 'react';
import { useLiveState } from './live-provider.tsx';

/** Seconds since the epoch, moving every `intervalMs` (default 1000); stands still while the page is paused. */
export function useNow(intervalMs = 1_000): number {
  const { pausedAt } = useLiveState();
  const [now, setNow] = useState(() => Date.now() / 1_000);
  useEffect(() => {
    if (pausedAt !== null) return;
    setNow(Date.now() / 1_000);
    const timer = setInterval(() => setNow(Date.now() / 1_000), intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs, pausedAt]);
  return pausedAt === null ? now : pausedAt / 1_000;
}
