'use client';

import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';

/** Asks before something that cannot be undone; names what it ends. */
export function ConfirmDialog(props: {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly title: string;
  readonly description: ReactNode;
  readonly keep: string;
  readonly action: string;
  readonly isBusy: boolean;
  readonly onConfirm: () => void;
}): ReactNode {
  return (
    <Dialog
      isOpen={props.isOpen}
      onOpenChange={props.onOpenChange}
      title={props.title}
      description={props.description}
    >
      <div className="dialog-acts">
        <Button hint="Esc" onClick={() => props.onOpenChange(false)}>
          {props.keep}
        </Button>
        <Button tone="danger solid" disabled={props.isBusy} onClick={props.onConfirm}>
          {props.action}
        </Button>
      </div>
    </Dialog>
  );
}
