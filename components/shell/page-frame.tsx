'use client';

import { Play, Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLiveClient, useLiveState } from '../live/live-provider.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { PauseIcon, ThemeIcon } from '../ui/icons.tsx';
import { usePreferences } from '../ui/preferences.tsx';
import { Banners } from './banners.tsx';
import { LiveBadge } from './live-badge.tsx';
import { useOpenPalette } from './shell.tsx';

/** A page: its head with title and tools, the banners, the body. */
export function PageFrame(props: {
  /** Name of the browser tab, and the heading unless `crumb` takes its place. */
  readonly title: string;
  readonly crumb?: ReactNode;
  readonly note?: ReactNode;
  readonly tools?: ReactNode;
  readonly liveNote?: string | undefined;
  readonly children: ReactNode;
}): ReactNode {
  const client = useLiveClient();
  const { pausedAt } = useLiveState();
  const { theme, nextTheme } = usePreferences();
  const openPalette = useOpenPalette();
  const isPaused = pausedAt !== null;
  return (
    <main>
      <title>{`${props.title} · Umbel`}</title>
      <header className="top">
        {props.crumb ?? <h1 className="cut">{props.title}</h1>}
        {props.note}
        <span className="grow" />
        {props.tools}
        <LiveBadge note={props.liveNote} />
        <IconButton
          label={isPaused ? 'Resume refreshing (p)' : 'Pause all refreshing (p)'}
          aria-pressed={isPaused}
          tone="bare"
          onClick={() => client?.togglePause()}
        >
          {isPaused ? <Play size={14} /> : <PauseIcon />}
        </IconButton>
        <Button
          tone="bare"
          className="hide-s"
          title="Find anything"
          aria-label="Find anything Ctrl K"
          icon={<Search size={14} />}
          hint="Ctrl K"
          onClick={openPalette}
        />
        <IconButton label={`Theme: ${theme} (t)`} tone="bare" onClick={nextTheme}>
          <ThemeIcon />
        </IconButton>
      </header>
      <Banners />
      {props.children}
    </main>
  );
}
