'use client';

import type { ReactNode } from 'react';
import { Glyph } from './glyph.tsx';

/** What failed, in the server's words, in the place of the data. */
export function RefusalNote(props: { readonly what: string; readonly message: string }): ReactNode {
  return (
    <div className="banner s-failure" role="alert">
      <Glyph look="failure" />
      <span className="grow">
        <b className="strongest">{props.what}</b> <span className="mid">{props.message}</span>
      </span>
    </div>
  );
}
