import { Activity, Layers, List, Server, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';

/** A place in the sidebar. */
export interface PageLink {
  readonly label: string;
  readonly icon: ReactNode;
  readonly href: string;
  /** Keys that lead there. */
  readonly hint?: string;
}

const look = { className: 'i', size: 16, strokeWidth: 1.4, 'aria-hidden': true } as const;

export const PAGES: readonly PageLink[] = [
  { label: 'Overview', icon: <Activity {...look} />, href: '/', hint: 'g o' },
  { label: 'Tasks', icon: <List {...look} />, href: '/tasks', hint: 'g t' },
  {
    label: 'Failures',
    icon: <TriangleAlert {...look} />,
    href: '/tasks?state=FAILURE',
    hint: 'g f',
  },
  { label: 'Workers', icon: <Server {...look} />, href: '/workers', hint: 'g w' },
  { label: 'Queues', icon: <Layers {...look} />, href: '/queues', hint: 'g q' },
];

/** Label of the place a path belongs to. */
export function currentPage(pathname: string, state: string | null): string {
  if (pathname.startsWith('/tasks')) return state === 'FAILURE' ? 'Failures' : 'Tasks';
  if (pathname.startsWith('/task/')) return 'Tasks';
  if (pathname.startsWith('/worker')) return 'Workers';
  if (pathname.startsWith('/queues')) return 'Queues';
  return pathname === '/' ? 'Overview' : '';
}
