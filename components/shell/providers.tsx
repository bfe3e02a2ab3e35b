'use client';

import { Tooltip } from 'radix-ui';
import type { ReactNode } from 'react';
import { Toaster } from 'sonner';
import { QueryProvider } from '../data/query-provider.tsx';
import { LiveProvider } from '../live/live-provider.tsx';
import { StatusProvider } from '../live/status-provider.tsx';
import { AnnouncerProvider } from '../ui/announcer.tsx';
import { PreferencesProvider } from '../ui/preferences.tsx';
import { KeysProvider } from './keys.tsx';
import { Shell } from './shell.tsx';

/** Everything the pages share, composed once. */
export function Providers({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <PreferencesProvider>
      <QueryProvider>
        <LiveProvider>
          <StatusProvider>
            <KeysProvider>
              <Tooltip.Provider delayDuration={300}>
                <AnnouncerProvider>
                  <Shell>{children}</Shell>
                  <Toaster
                    position="bottom-right"
                    toastOptions={{ unstyled: true, classNames: { toast: 'toast float' } }}
                  />
                </AnnouncerProvider>
              </Tooltip.Provider>
            </KeysProvider>
          </StatusProvider>
        </LiveProvider>
      </QueryProvider>
    </PreferencesProvider>
  );
}
