'use client';

import { Check, Copy } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { IconButton } from './button.tsx';

/** Puts text on the clipboard; false where the browser does not let us (a page without https). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Nothing to undo: the caller says that it did not work.
    return false;
  }
}

/** Copies `text` and shows a tick for a moment. */
export function CopyButton(props: { readonly text: string; readonly label: string }): ReactNode {
  const [isDone, setDone] = useState(false);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setDone(false), 1_500);
    return () => clearTimeout(timer);
  }, [isDone]);
  return (
    <IconButton
      label={isDone ? 'Copied' : props.label}
      tone="bare"
      size="sm"
      onClick={() => {
        void copyText(props.text).then(setDone);
      }}
    >
      {isDone ? <Check size={14} /> : <Copy size={14} />}
    </IconButton>
  );
}
