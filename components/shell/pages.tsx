import {
  Activity,
  Bell,
  Clock,
  FileText,
  Layers,
  List,
  Server,
  Settings,
  TriangleAlert,
  Workflow,
} from 'lucide-react';
import type { ReactNode } from 'react';

/** A place in the sidebar; without `href` it only keeps its place. */
export interface PageLink {
  readonly label: string;
  readonly icon: ReactNode;
  readonly href?: string;
  /** Keys that lead there. */
  readonly hint?: string;
  readonly group: 'pages' | 'administration';
}

const look = { className: 'i', size: 16, strokeWidth: 1.4, 'aria-hidden': true } as const;

export const PAGES: readonly PageLink[] = [
  { label: 'Overview', icon: <Activity {...look} />, href: '/', hint: 'g o', group: 'pages' },
  { label: 'Tasks', icon: <List {...look} />, href: '/tasks', hint: 'g t', group: 'pages' },
  {
    label: 'Failures',
    icon: <TriangleAlert {...look} />,
    href: '/tasks?state=FAILURE',
    hint: 'g f',
    group: 'pages',
  },
  { label: 'Workers', icon: <Server {...look} />, href: '/workers', hint: 'g w', group: 'pages' },
  { label: 'Queues', icon: <Layers {...look} />, href: '/queues', hint: 'g q', group: 'pages' },
  { label: 'Workflows', icon: <Workflow {...look} />, group: 'pages' },
  { label: 'Schedules', icon: <Clock {...look} />, group: 'pages' },
  { label: 'Alerts', icon: <Bell {...look} />, group: 'administration' },
  { label: 'Audit log', icon: <FileText {...look} />, group: 'administration' },
  { label: 'Settings', icon: <Settings {...look} />, group: 'administration' },
];

/** Label of the place a path belongs to. */
export function currentPage(pathname: string, state: string | null): string {
  if (pathname.startsWith('/tasks')) return state === 'FAILURE' ? 'Failures' : 'Tasks';
  if (pathname.startsWith('/task/')) return 'Tasks';
  if (pathname.startsWith('/worker')) return 'Workers';
  if (pathname.startsWith('/queues')) return 'Queues';
  return pathname === '/' ? 'Overview' : '';
}
