'use client';

import { Unplug } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLiveClient, useLiveState } from '../live/live-provider.tsx';
import { useStatus } from '../live/status-provider.tsx';
import { useNow } from '../live/use-now.ts';
import { Button } from '../ui/button.tsx';
import { formatClock, formatCount } from '../ui/format.ts';
import { PauseIcon } from '../ui/icons.tsx';
import { usePreferences } from '../ui/preferences.tsx';
import { useLate } from '../ui/use-late.ts';

function nextTry(at: number | null, now: number): string {
  if (at === null) return 'trying now.';
  return `next try in ${Math.max(1, Math.ceil(at - now))} s.`;
}

/** What holds for the whole page: no connection, a broker that is down, paused. Figures stay, since when is said. */
export function Banners(): ReactNode {
  const client = useLiveClient();
  const live = useLiveState();
  const status = useStatus();
  const { zone } = usePreferences();
  const now = useNow();
  const isLost = useLate(live.phase !== 'live' && live.since > 0, 900);
  const brokerGone = !isLost && status !== null && !status.isConnected;
  return (
    <>
      {isLost ? (
        <div className="banner s-retry" role="status">
          <Unplug size={16} />
          <span className="grow">
            <b className="strongest">
              The dashboard does not answer since {formatClock(live.since / 1_000, zone)}.
            </b>{' '}
            <span className="mid">
              Figures are from then; {nextTry(live.nextTryAt && live.nextTryAt / 1_000, now)}
            </span>
          </span>
          <Button size="sm" onClick={() => client?.tryNow()}>
            Try now
          </Button>
        </div>
      ) : null}
      {brokerGone ? (
        <div className="banner s-retry" role="status">
          <Unplug size={16} />
          <span className="grow">
            <b className="strongest">Broker disconnected since {formatClock(status.since, zone)}.</b>{' '}
            <span className="mid">
              {status.trouble ?? `${status.broker} does not answer.`} Figures are from then;{' '}
              {nextTry(status.nextTryAt, now)}
            </span>
          </span>
        </div>
      ) : null}
      {live.pausedAt !== null ? (
        <div className="banner s-pending" role="status">
          <PauseIcon />
          <span className="grow">
            <b className="strongest">Paused at {formatClock(live.pausedAt / 1_000, zone)}.</b>{' '}
            <span className="mid">
              Nothing refreshes until you resume; {formatCount(live.waitingCount)}{' '}
              {live.waitingCount === 1 ? 'update is' : 'updates are'} waiting.
            </span>
          </span>
          <Button size="sm" hint="p" onClick={() => client?.togglePause()}>
            Resume
          </Button>
        </div>
      ) : null}
    </>
  );
}
