'use client';

import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from 'react';

/** What keys do: `p`, `shift+x`, `escape`, `g o` for two in a row, `mod+k` for Ctrl or Command. */
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
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return `mod+${key}`;
  if (event.altKey) return '';
  return event.shiftKey && /^[a-z]$/.test(key) ? `shift+${key}` : key;
}

/** Keys rest while one types or something floats above the page. */
function isResting(event: KeyboardEvent, name: string): boolean {
  if (event.defaultPrevented || event.repeat || !name) return true;
  if (isTyping(event.target) && !name.startsWith('mod+')) return true;
  return document.querySelector('[role="dialog"], [role="menu"]') !== null;
}

/** A focused link or button keeps its own Enter. */
function isOwnEnter(event: KeyboardEvent, name: string): boolean {
  return name === 'enter' && event.target instanceof Element && event.target.closest('a, button') !== null;
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

/** Makes the listener of all keys, which remembers the first of a pair. */
function listener(registry: Registry): (event: KeyboardEvent) => void {
  let first = '';
  let firstAt = 0;
  return (event) => {
    const name = nameOf(event);
    if (isResting(event, name) || isOwnEnter(event, name)) return;
    const pair = first && Date.now() - firstAt < PAIR_MS ? find(registry, `${first} ${name}`) : undefined;
    const run = pair ?? find(registry, name);
    first = startsPair(registry, name) ? name : '';
    firstAt = Date.now();
    if (!run) return;
    event.preventDefault();
    run();
  };
}

/** Owns the one key listener. The newest binding of a key wins; nothing happens while typing or below a dialog. */
export function KeysProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [registry] = useState<Registry>(() => new Set());
  useEffect(() => {
    const listen = listener(registry);
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
