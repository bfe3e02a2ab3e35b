'use client';

import { useLate } from '../ui/use-late.ts';
import { useLiveState } from './live-provider.tsx';
import { useStatus } from './status-provider.tsx';

/** True while what is shown is from earlier: the dashboard does not answer, the broker is gone, or it is paused. */
export function useIsStale(): boolean {
  const live = useLiveState();
  const status = useStatus();
  const isLost = useLate(live.phase !== 'live' && live.since > 0, 900);
  return isLost || live.pausedAt !== null || status?.isConnected === false;
}
