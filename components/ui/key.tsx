import type { ReactNode } from 'react';

/** A key that does the same as the control it stands in. Not part of the control's name. */
export function Key({ children }: { readonly children: ReactNode }): ReactNode {
  return (
    <span className="kbd" aria-hidden="true">
      {children}
    </span>
  );
}
