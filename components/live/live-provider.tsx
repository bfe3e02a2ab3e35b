'use client';

import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { readPageConfig } from '../data/config.ts';
import { LiveClient, type LiveState } from './live-client.ts';

const LiveContext = createContext<LiveClient | null>(null);

const BEFORE: LiveState = { phase: 'connecting', since: 0, nextTryAt: null, pausedAt: null, waitingCount: 0 };
const nothing = (): (() => void) => () => undefined;

/** Owns the page's one live connection. It is made after mount: the export is built without a browser. */
export function LiveProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [client, setClient] = useState<LiveClient | null>(null);
  useEffect(() => {
    const made = new LiveClient(readPageConfig().prefix);
    setClient(made);
    return made.start();
  }, []);
  return <LiveContext value={client}>{children}</LiveContext>;
}

/** The live connection; null until the page is mounted. */
export function useLiveClient(): LiveClient | null {
  return useContext(LiveContext);
}

/** Connection and pause, for the frame of the page. */
export function useLiveState(): LiveState {
  const client = useLiveClient();
  return useSyncExternalStore(client?.listen ?? nothing, client?.getState ?? (() => BEFORE), () => BEFORE);
}
