'use client';

import { useRouter } from 'next/navigation';
import { createContext, lazy, type ReactNode, Suspense, useContext, useState } from 'react';
import { BASE_PATH } from '../data/base-path.ts';
import { useLiveClient } from '../live/live-provider.tsx';
import { useStatus } from '../live/status-provider.tsx';
import { useAnnounce } from '../ui/announcer.tsx';
import { usePreferences } from '../ui/preferences.tsx';
import { HelpDialog } from './help-dialog.tsx';
import { useKeys } from './keys.tsx';
import { Nav } from './nav.tsx';
import { Sidebar } from './sidebar.tsx';

const Palette = lazy(() => import('./palette.tsx').then((module) => ({ default: module.Palette })));
const PaletteContext = createContext<() => void>(() => undefined);

/** Opens "go to anything". */
export function useOpenPalette(): () => void {
  return useContext(PaletteContext);
}

/** Frame of every page: sidebar or tab bar, the keys that work everywhere, help and palette, the icon of the tab. */
export function Shell({ children }: { readonly children: ReactNode }): ReactNode {
  const router = useRouter();
  const client = useLiveClient();
  const status = useStatus();
  const announce = useAnnounce();
  const { nextTheme } = usePreferences();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  useKeys({
    '?': () => setHelpOpen(true),
    'mod+k': () => setPaletteOpen(true),
    t: () => announce(`Theme: ${nextTheme()}`),
    p: () => client?.togglePause(),
    'g o': () => router.push('/'),
    'g t': () => router.push('/tasks'),
    'g f': () => router.push('/tasks?state=FAILURE'),
    'g w': () => router.push('/workers'),
    'g q': () => router.push('/queues'),
  });
  const hasProblems = (status?.problemCount ?? 0) > 0;
  return (
    <PaletteContext value={() => setPaletteOpen(true)}>
      <link
        rel="icon"
        type="image/svg+xml"
        href={`${BASE_PATH}/${hasProblems ? 'icon-alert' : 'icon'}.svg`}
      />
      <div className="shell">
        <Sidebar />
        {children}
      </div>
      <Nav kind="tabs" />
      <HelpDialog isOpen={isHelpOpen} onOpenChange={setHelpOpen} />
      {isPaletteOpen ? (
        <Suspense>
          <Palette onClose={() => setPaletteOpen(false)} />
        </Suspense>
      ) : null}
    </PaletteContext>
  );
}
