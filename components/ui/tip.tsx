'use client';

import { Tooltip } from 'radix-ui';
import type { ReactNode } from 'react';

/** A short explanation on hover and focus of its one child. */
export function Tip(props: { readonly text: ReactNode; readonly children: ReactNode }): ReactNode {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{props.children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tip" side="top" sideOffset={6} collisionPadding={8}>
          {props.text}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
