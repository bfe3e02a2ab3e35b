'use client';

import { createContext, type ReactNode, useContext } from 'react';
import type { Status } from '../../lib/contract/records.ts';
import { readPageConfig } from '../data/config.ts';
import { useRoom } from './use-room.ts';

const StatusContext = createContext<Status | null>(null);

/** Watches the dashboard's own health for the frame of every page. */
export function StatusProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const { data } = useRoom<'status'>({ room: 'status' });
  return <StatusContext value={data ?? null}>{children}</StatusContext>;
}

/** Null until the server told it. */
export function useStatus(): Status | null {
  return useContext(StatusContext);
}

/** True when the server only shows and refuses every change. */
export function useIsReadOnly(): boolean {
  return useStatus()?.isReadOnly ?? readPageConfig().isReadOnly;
}
