import type { ReactNode } from 'react';

/** One stem, five rays, five flowers, in the current colour. */
export function Logo(): ReactNode {
  return (
    <svg
      className="logo"
      viewBox="0 0 32 32"
      width="20"
      height="20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.9"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M16 30.5V5M16 24C11 22.5 6.2 19.2 4 13.6M16 24C12.8 20.5 10.1 14.5 9.1 8M16 24C19.2 20.5 21.9 14.5 22.9 8M16 24C21 22.5 25.8 19.2 28 13.6" />
      <g fill="currentColor" stroke="none">
        <circle cx="3.7" cy="12.6" r="2.7" />
        <circle cx="8.9" cy="6.3" r="2.7" />
        <circle cx="16" cy="4" r="2.7" />
        <circle cx="23.1" cy="6.3" r="2.7" />
        <circle cx="28.3" cy="12.6" r="2.7" />
      </g>
    </svg>
  );
}
