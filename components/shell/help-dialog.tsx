'use client';

import type { ReactNode } from 'react';
import { Dialog } from '../ui/dialog.tsx';

const GROUPS: readonly { readonly title: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    title: 'Everywhere',
    keys: [
      ['Ctrl K', 'Go to anything'],
      ['g o', 'Overview'],
      ['g t', 'Tasks'],
      ['g f', 'Failures'],
      ['g w', 'Workers'],
      ['g q', 'Queues'],
      ['p', 'Pause and resume'],
      ['t', 'System, light or dark'],
      ['?', 'These keys'],
    ],
  },
  {
    title: 'Lists',
    keys: [
      ['/', 'Search'],
      ['j k', 'Down and up'],
      ['Enter', 'Open'],
      ['.', 'Show new rows'],
      ['r', 'Retry the task'],
      ['x', 'Revoke the task'],
      ['Esc', 'Clear'],
    ],
  },
  {
    title: 'One task',
    keys: [
      ['r', 'Retry'],
      ['e', 'Edit the arguments and retry'],
      ['x', 'Revoke'],
      ['⇧X', 'Terminate'],
      ['y', 'Copy the id'],
      ['Esc', 'Back to the list'],
    ],
  },
];

/** All keys that do something. */
export function HelpDialog(props: {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
}): ReactNode {
  return (
    <Dialog
      isOpen={props.isOpen}
      onOpenChange={props.onOpenChange}
      title="Keys"
      description="They rest while you type."
      isWide
    >
      <div className="keys">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.keys.map(([key, meaning]) => (
                <div key={key}>
                  <dt>
                    {key.split(' ').map((part) => (
                      <kbd key={part} className="kbd">
                        {part}
                      </kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
