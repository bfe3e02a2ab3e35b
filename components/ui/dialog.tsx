'use client';

import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

/** A floating sheet with a title and one sentence; Esc or a click outside closes it. */
export function Dialog(props: {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly title: string;
  readonly description: ReactNode;
  readonly isWide?: boolean;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <Radix.Root open={props.isOpen} onOpenChange={props.onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="scrim" />
        <Radix.Content className={`dialog float${props.isWide ? ' wide' : ''}`}>
          <Radix.Title className="dialog-title">{props.title}</Radix.Title>
          <Radix.Description asChild>
            <div className="mid">{props.description}</div>
          </Radix.Description>
          {props.children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
