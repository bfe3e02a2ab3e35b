'use client';

import Link from 'next/link';
import type { ReactNode } from 'react';
import type { Status } from '../../lib/contract/records.ts';
import { useStatus } from '../live/status-provider.tsx';
import { useNow } from '../live/use-now.ts';
import { formatCount, formatRough } from '../ui/format.ts';
import { usePreferences } from '../ui/preferences.tsx';
import { Logo } from './logo.tsx';
import { Nav } from './nav.tsx';

/** Seconds; workers tell of themselves more often than this. */
const QUIET_AFTER = 15;

function lagText(status: Status | null, now: number): string {
  if (status === null || status.lastEventAt === null) return 'no events yet';
  const quiet = now - status.lastEventAt;
  if (quiet > QUIET_AFTER) return `no events for ${formatRough(quiet)}`;
  return status.lagMs === null ? 'no task events yet' : `event lag ${formatCount(status.lagMs)} ms`;
}

/** There is little room: where the broker is matters more than who logs in. */
function withoutLogin(url: string): string {
  return url.replaceAll(/(:\/\/)[^/@;]*@/g, '$1');
}

/** Mark, ways, and at the foot: which broker, how late its events come, which clock. */
export function Sidebar(): ReactNode {
  const status = useStatus();
  const { zone, toggleZone } = usePreferences();
  const now = useNow(5_000);
  return (
    <aside className="side" aria-label="Umbel">
      <Link className="brand" href="/" prefetch={false}>
        <Logo />
        Umbel
        <span className="env">{status?.version ?? ''}</span>
      </Link>
      <Nav kind="side" />
      <div className="foot">
        <span className="row foot-broker">
          <span className={status?.isConnected ? 'dot' : 'dot off'} />
          <span className="cut mono" title={status?.broker}>
            {status ? withoutLogin(status.broker) : 'no broker yet'}
          </span>
        </span>
        <span>
          {lagText(status, now)} ·{' '}
          <button
            type="button"
            className="zone-switch"
            title="Show times in UTC or in this browser's zone"
            onClick={toggleZone}
          >
            {zone === 'utc' ? 'UTC' : 'browser time'}
          </button>
        </span>
      </div>
    </aside>
  );
}
