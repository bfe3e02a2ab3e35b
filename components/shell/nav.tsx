'use client';

import Link from 'next/link';
import { usePathname, useSearchParams } from 'next/navigation';
import { type ReactNode, Suspense } from 'react';
import type { Status } from '../../lib/contract/records.ts';
import { useStatus } from '../live/status-provider.tsx';
import { formatCount, formatRate } from '../ui/format.ts';
import { currentPage, PAGES, type PageLink } from './pages.tsx';

interface Badge {
  readonly text: string;
  readonly tone: '' | 'bad' | 'warn';
  readonly title: string;
}

/** The figure beside a page's name: what is wrong there, or how busy it is. */
function badgeOf(label: string, status: Status | null): Badge | null {
  if (!status) return null;
  if (label === 'Tasks') {
    const text = `${formatRate(status.tasksPerSecond)}/s`;
    return { text, tone: '', title: `${text} tasks` };
  }
  if (label === 'Failures' && status.failureCount > 0) {
    const text = formatCount(status.failureCount);
    return { text, tone: 'bad', title: `${text} failed in the last hour` };
  }
  if (label === 'Workers' && status.workersTotal > 0) {
    const text = `${status.workersOnline}/${status.workersTotal}`;
    const isShort = status.workersOnline < status.workersTotal;
    return { text, tone: isShort ? 'warn' : '', title: `${text} workers online` };
  }
  if (label === 'Queues' && status.queuesAbandoned > 0) {
    const text = formatCount(status.queuesAbandoned);
    return { text, tone: 'warn', title: `${text} without a consumer` };
  }
  return null;
}

function SideLink(props: { readonly page: PageLink; readonly isCurrent: boolean }): ReactNode {
  const badge = badgeOf(props.page.label, useStatus());
  return (
    <Link
      href={props.page.href}
      prefetch={false}
      {...(props.isCurrent ? { 'aria-current': 'page' as const } : {})}
    >
      {props.page.icon}
      {props.page.label}
      {badge ? (
        <span className={`n ${badge.tone}`} title={badge.title}>
          {badge.text}
        </span>
      ) : null}
    </Link>
  );
}

function TabLink(props: { readonly page: PageLink; readonly isCurrent: boolean }): ReactNode {
  const badge = badgeOf(props.page.label, useStatus());
  const tone = badge?.tone === 'bad' ? 's-failure' : 's-retry';
  return (
    <Link
      href={props.page.href}
      prefetch={false}
      {...(props.isCurrent ? { 'aria-current': 'page' as const } : {})}
    >
      {props.page.icon}
      {props.page.label}
      {badge?.tone ? (
        <span className={`n ${tone}`} title={badge.title}>
          {badge.tone === 'bad' ? badge.text : '!'}
        </span>
      ) : null}
    </Link>
  );
}

type NavKind = 'side' | 'tabs';

function NavView(props: { readonly kind: NavKind; readonly current: string }): ReactNode {
  if (props.kind === 'tabs') {
    return (
      <nav className="tabbar" aria-label="Pages">
        {PAGES.map((page) => (
          <TabLink key={page.label} page={page} isCurrent={page.label === props.current} />
        ))}
      </nav>
    );
  }
  return (
    <nav className="nav" aria-label="Pages">
      {PAGES.map((page) => (
        <SideLink key={page.label} page={page} isCurrent={page.label === props.current} />
      ))}
    </nav>
  );
}

function NavHere({ kind }: { readonly kind: NavKind }): ReactNode {
  return <NavView kind={kind} current={currentPage(usePathname(), useSearchParams().get('state'))} />;
}

/** The way around: beside the page, or as five tabs below it on a phone. */
export function Nav({ kind }: { readonly kind: NavKind }): ReactNode {
  return (
    <Suspense fallback={<NavView kind={kind} current={currentPage(usePathname(), null)} />}>
      <NavHere kind={kind} />
    </Suspense>
  );
}
