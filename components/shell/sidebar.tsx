'use client';

import Link from 'next/link';
import type { ReactNode } from 'react';
import { useStatus } from '../live/status-provider.tsx';
import { formatCount } from '../ui/format.ts';
import { usePreferences } from '../ui/preferences.tsx';
import { Logo } from './logo.tsx';
import { Nav } from './nav.tsx';

/** Mark, ways, and at the foot: which broker, how late its events come, which clock. */
export function Sidebar(): ReactNode {
  const status = useStatus();
  const { zone, toggleZone } = usePreferences();
  const lag = status?.lagMs;
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
            {status?.broker ?? 'no broker yet'}
          </span>
        </span>
        <span>
          {lag === null || lag === undefined ? 'no events yet' : `event lag ${formatCount(lag)} ms`} ·{' '}
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
