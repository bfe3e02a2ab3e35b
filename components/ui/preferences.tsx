'use client';

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import type { Zone } from './format.ts';

export type Theme = 'system' | 'light' | 'dark';

interface Preferences {
  readonly theme: Theme;
  readonly zone: Zone;
  readonly nextTheme: () => Theme;
  readonly toggleZone: () => void;
}

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
/** Also read by public/theme.js before the first paint. */
const THEME_KEY = 'umbel.theme';
const ZONE_KEY = 'umbel.zone';

const PreferencesContext = createContext<Preferences>({
  theme: 'system',
  zone: 'utc',
  nextTheme: () => 'system',
  toggleZone: () => undefined,
});

function recall(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    // Storage is forbidden in some private windows: the choice then lasts for the page only.
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // As above.
  }
}

function showTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

/** Theme and time zone of this browser, kept in its storage. */
export function PreferencesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [theme, setTheme] = useState<Theme>('system');
  const [zone, setZone] = useState<Zone>('utc');
  useEffect(() => {
    const known = THEMES.find((candidate) => candidate === recall(THEME_KEY));
    if (known) setTheme(known);
    if (recall(ZONE_KEY) === 'browser') setZone('browser');
  }, []);
  const nextTheme = useCallback(() => {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    setTheme(next);
    showTheme(next);
    remember(THEME_KEY, next);
    return next;
  }, [theme]);
  const toggleZone = useCallback(() => {
    const next = zone === 'utc' ? 'browser' : 'utc';
    setZone(next);
    remember(ZONE_KEY, next);
  }, [zone]);
  const value = useMemo(() => ({ theme, zone, nextTheme, toggleZone }), [theme, zone, nextTheme, toggleZone]);
  return <PreferencesContext value={value}>{children}</PreferencesContext>;
}

export function usePreferences(): Preferences {
  return useContext(PreferencesContext);
}
