'use client';

import type { ReactNode } from 'react';
import { CopyButton } from './copy-button.tsx';

/** A command to paste into a terminal. */
export function Command({ text }: { readonly text: string }): ReactNode {
  return (
    <div className="code cmd">
      <code className="grow">{text}</code>
      <CopyButton text={text} label="Copy the command" />
    </div>
  );
}
