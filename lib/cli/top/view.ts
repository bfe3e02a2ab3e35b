import type { Key } from './keys.ts';

/** What a pane below the list can tell of a task. */
export type PaneKind = 'info' | 'result' | 'traceback';

/** What the screen shows beside the cluster itself; changed only by `press`. */
export interface View {
  /** The selected task; it stays selected while the list moves under it. */
  readonly selected: string | null;
  /** The pane that covers the list, and how far it is scrolled. */
  readonly pane: { readonly kind: PaneKind; readonly scroll: number } | null;
  /** A question at the bottom. */
  readonly prompt: Prompt | null;
  readonly isPaused: boolean;
}

export type Prompt =
  | { readonly kind: 'revoke' | 'terminate'; readonly uuid: string }
  | { readonly kind: 'rate'; readonly text: string };

/** What is to be done outside of the screen. */
export type Action =
  | { readonly kind: 'quit' }
  | { readonly kind: 'load'; readonly pane: PaneKind; readonly uuid: string }
  | { readonly kind: 'revoke'; readonly uuid: string; readonly terminate: boolean }
  | { readonly kind: 'rate'; readonly uuid: string; readonly rate: string };

export interface Step {
  readonly view: View;
  readonly action: Action | null;
}

export const FIRST_VIEW: View = { selected: null, pane: null, prompt: null, isPaused: false };

const MAX_RATE = 20;
const PANES: Readonly<Record<string, PaneKind>> = { i: 'info', r: 'result', t: 'traceback' };

/** What a key does. `uuids` are the tasks of the list from top to bottom, `page` how many fit. */
export function press(view: View, key: Key, uuids: readonly string[], page: number): Step {
  if (key.kind === 'interrupt') return { view, action: { kind: 'quit' } };
  if (view.prompt !== null) return answer(view, view.prompt, key);
  if (view.pane !== null) return inPane(view, view.pane, key, page);
  return inList(view, key, uuids, page);
}

function inList(view: View, key: Key, uuids: readonly string[], page: number): Step {
  const selected = selectedOf(view, uuids);
  const move = movementOf(key, page);
  if (move !== null) return stay({ ...view, selected: moved(uuids, selected, move) });
  if (key.kind === 'enter' && selected !== null) return open(view, 'info', selected);
  return key.kind === 'text' ? command(view, key.text, selected) : stay(view);
}

function command(view: View, letter: string, selected: string | null): Step {
  if (letter === 'q') return { view, action: { kind: 'quit' } };
  if (letter === 'p') return stay({ ...view, isPaused: !view.isPaused });
  if (selected === null) return stay(view);
  const pane = PANES[letter];
  if (pane !== undefined) return open(view, pane, selected);
  if (letter === 'c') return stay({ ...view, selected, prompt: { kind: 'revoke', uuid: selected } });
  if (letter === 'x') return stay({ ...view, selected, prompt: { kind: 'terminate', uuid: selected } });
  if (letter === 'l') return stay({ ...view, selected, prompt: { kind: 'rate', text: '' } });
  return stay(view);
}

function open(view: View, kind: PaneKind, uuid: string): Step {
  return {
    view: { ...view, selected: uuid, pane: { kind, scroll: 0 } },
    action: { kind: 'load', pane: kind, uuid },
  };
}

function inPane(view: View, pane: NonNullable<View['pane']>, key: Key, page: number): Step {
  const move = movementOf(key, page);
  if (move !== null) {
    return stay({ ...view, pane: { ...pane, scroll: Math.max(0, Math.min(10_000, pane.scroll + move)) } });
  }
  if (key.kind === 'text' && view.selected !== null) {
    const other = PANES[key.text];
    if (other !== undefined) return open(view, other, view.selected);
  }
  return stay({ ...view, pane: null });
}

function answer(view: View, prompt: Prompt, key: Key): Step {
  const closed = { ...view, prompt: null };
  if (key.kind === 'escape') return stay(closed);
  if (prompt.kind !== 'rate') {
    const isYes = key.kind === 'text' && key.text.toLowerCase() === 'y';
    const terminate = prompt.kind === 'terminate';
    return { view: closed, action: isYes ? { kind: 'revoke', uuid: prompt.uuid, terminate } : null };
  }
  if (key.kind === 'backspace')
    return stay({ ...view, prompt: { kind: 'rate', text: prompt.text.slice(0, -1) } });
  if (key.kind === 'text' && prompt.text.length < MAX_RATE) {
    return stay({ ...view, prompt: { kind: 'rate', text: prompt.text + key.text } });
  }
  if (key.kind !== 'enter') return stay(view);
  const isGiven = prompt.text !== '' && view.selected !== null;
  return {
    view: closed,
    action: isGiven ? { kind: 'rate', uuid: view.selected ?? '', rate: prompt.text } : null,
  };
}

function stay(view: View): Step {
  return { view, action: null };
}

/** The first task as long as none was chosen, or the chosen one is forgotten. */
export function selectedOf({ selected }: View, uuids: readonly string[]): string | null {
  return selected !== null && uuids.includes(selected) ? selected : (uuids[0] ?? null);
}

function moved(uuids: readonly string[], selected: string | null, by: number): string | null {
  const at = selected === null ? 0 : uuids.indexOf(selected);
  return uuids[Math.max(0, Math.min(uuids.length - 1, at + by))] ?? null;
}

function movementOf(key: Key, page: number): number | null {
  switch (key.kind) {
    case 'up':
      return -1;
    case 'down':
      return 1;
    case 'page-up':
      return -page;
    case 'page-down':
      return page;
    case 'home':
      return -1_000_000;
    case 'end':
      return 1_000_000;
    case 'text':
      return key.text === 'j' ? 1 : key.text === 'k' ? -1 : null;
    default:
      return null;
  }
}
