'use client';

import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';
import { Glyph } from '../ui/glyph.tsx';
import { RETRY_MS } from './live-client.ts';
import { useLiveClient } from './live-provider.tsx';

/** What failed, in the server's words, in the place of the data; and that it is tried again. */
export function RefusalNote(props: { readonly what: string; readonly message: string }): ReactNode {
  const client = useLiveClient();
  return (
    <div className="banner s-failure" role="alert">
      <Glyph look="failure" />
      <span className="grow">
        <b className="strongest">{props.what}</b>{' '}
        <span className="mid">
          {props.message.replace(/\.$/, '')}. Tried again every {RETRY_MS / 1_000} s.
        </span>
      </span>
      <Button size="sm" onClick={() => client?.retryRefused()}>
        Try now
      </Button>
    </div>
  );
}
