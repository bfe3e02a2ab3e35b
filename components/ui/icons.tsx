import type { ReactNode } from 'react';

/** Two strokes: pause. */
export function PauseIcon(): ReactNode {
  return (
    <svg className="i s" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M5.5 3.5v9M10.5 3.5v9" />
    </svg>
  );
}

/** A disc half filled: the theme. */
export function ThemeIcon(): ReactNode {
  return (
    <svg className="i s" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor" />
    </svg>
  );
}
