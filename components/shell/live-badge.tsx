'use client';

import type { ReactNode } from 'react';
import { useLiveState } from '../live/live-provider.tsx';
import { useStatus } from '../live/status-provider.tsx';

/** Whether what one sees is now. `note` adds what the page itself holds back. */
export function LiveBadge({ note }: { readonly note?: string | undefined }): ReactNode {
  const live = useLiveState();
  const status = useStatus();
  let text = 'Live';
  let dot = '';
  if (live.pausedAt !== null) {
    text = 'Paused';
    dot = 'off';
  } else if (live.phase !== 'live') {
    text = live.phase === 'connecting' && live.nextTryAt === null ? 'Connecting' : 'Not live';
    dot = 'late';
  } else if (status && !status.isConnected) {
    text = 'Stale';
    dot = 'late';
  }
  return (
    <span className="live hide-s">
      <span className={`dot ${dot}`} />
      {text}
      {note && dot === '' ? `, ${note}` : ''}
    </span>
  );
}
