import type { ReactNode } from 'react';
import type { Look } from './states.ts';

const SHAPES: Record<Look, ReactNode> = {
  pending: <circle cx="7" cy="7" r="5" strokeDasharray="1.7 2.23" />,
  eta: (
    <>
      <circle cx="7" cy="7" r="5" />
      <path d="M7 4.3V7l1.8 1.2" />
    </>
  ),
  received: (
    <>
      <circle cx="7" cy="7" r="5" />
      <circle cx="7" cy="7" r="1.8" fill="currentColor" stroke="none" />
    </>
  ),
  started: (
    <>
      <circle cx="7" cy="7" r="5" opacity=".28" />
      <path className="spin" d="M7 2a5 5 0 0 1 5 5" />
    </>
  ),
  success: <path d="M2.8 7.4l2.8 2.8 5.6-6" />,
  retry: <path d="M11.7 6.2A4.9 4.9 0 1 0 11.4 9M12 3.2v3.1H8.9" />,
  failure: (
    <>
      <circle cx="7" cy="7" r="6.2" fill="currentColor" stroke="none" />
      <path d="M4.9 4.9l4.2 4.2M9.1 4.9L4.9 9.1" stroke="var(--on-state)" strokeWidth="1.6" />
    </>
  ),
  revoked: (
    <>
      <circle cx="7" cy="7" r="5" />
      <path d="M3.6 10.4l6.8-6.8" />
    </>
  ),
  rejected: (
    <>
      <circle cx="7" cy="7" r="5" />
      <path d="M4.6 7h4.8" />
    </>
  ),
  custom: (
    <>
      <circle cx="7" cy="7" r="5" />
      <path d="M7 4.2V7h2.8A2.8 2.8 0 1 1 7 4.2z" fill="currentColor" stroke="none" />
    </>
  ),
  lost: (
    <>
      <circle cx="7" cy="7" r="5" strokeDasharray="1.7 2.23" />
      <path d="M5.7 5.7c.1-1.7 2.8-1.5 2.6.1C8.2 6.7 7 6.8 7 7.9M7 9.6v.1" />
    </>
  ),
};

/** The mark of a state: salience grows with severity, a tick is thin, a failure is a solid disc. */
export function Glyph({ look }: { readonly look: Look }): ReactNode {
  return (
    <svg
      className="glyph"
      viewBox="0 0 14 14"
      width="14"
      height="14"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {SHAPES[look]}
    </svg>
  );
}
