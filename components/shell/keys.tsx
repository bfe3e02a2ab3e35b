'use client';

import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';

/** What keys do: `p`, `X` for Shift-X, `g o` for two in a row, `mod+k` for Ctrl or Command. */
export type Bindings = Readonly<Record<string, () => void>>;

type Registry = Set<{ current: Bindings }>;

const KeysContext = createContext<Registry | null>(null);

/** The second key of a pair must follow within this time. */
const PAIR_MS = 1_200;

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

function nameOf(event: KeyboardEvent): string {
  if (event.ctrlKey || event.metaKey) return `mod+${event.key.toLowerCase()}`;
  return event.altKey ? '' : event.key;
}

function find(registry: Registry, name: string): (() => void) | undefined {
  return [...registry]
    .reverse()
    .map((entry) => entry.current[name])
    .find((run) => run !== undefined);
}

function startsPair(registry: Registry, name: string): boolean {
  return [...registry].some((entry) => Object.keys(entry.current).some((key) => key.startsWith(`${name} `)));
}

/** Owns the one key listener. The newest binding of a key wins; nothing happens while typing or below a dialog. */
export function KeysProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [registry] = useState<Registry>(() => new Set());
  useEffect(() => {
    let first = '';
    let firstAt = 0;
    const listen = (event: KeyboardEvent): void => {
      const name = nameOf(event);
      if (event.defaultPrevented || event.repeat || !name) return;
      if (isTyping(event.target) && !name.startsWith('mod+')) return;
      if (document.querySelector('[role="dialog"], [role="menu"]')) return;
      const pair = first && Date.now() - firstAt < PAIR_MS ? `${first} ${name}` : '';
      const run = (pair ? find(registry, pair) : undefined) ?? find(registry, name);
      first = startsPair(registry, name) ? name : '';
      firstAt = Date.now();
      if (!run) return;
      event.preventDefault();
      run();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [registry]);
  return <KeysContext value={registry}>{children}</KeysContext>;
}

/** Binds keys while the component is mounted. */
export function useKeys(bindings: Bindings): void {
  const registry = useContext(KeysContext);
  const entry = useRef(bindings);
  entry.current = bindings;
  useEffect(() => {
    if (!registry) return;
    registry.add(entry);
    return () => {
      registry.delete(entry);
    };
  }, [registry]);
}
