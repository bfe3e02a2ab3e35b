import type { ReactNode } from 'react';
import { Glyph } from './glyph.tsx';
import { type Look, lookOf, stateClass } from './states.ts';

/** Glyph and word of a state, for tables. Success is the quietest. */
export function StateWord({ look, word }: { readonly look: Look; readonly word: string }): ReactNode {
  const quiet = look === 'success' ? ' quiet' : '';
  return (
    <span className={`st ${stateClass(look)}${quiet}`}>
      <Glyph look={look} />
      <span className="cut">{word}</span>
    </span>
  );
}

/** The tinted form, for headings. `isJoined` makes it the second segment of the chip before. */
export function StateChip(props: {
  readonly look: Look;
  readonly word: string;
  readonly isJoined?: boolean;
}): ReactNode {
  return (
    <span className={`st chip ${stateClass(props.look)}${props.isJoined ? ' joined' : ''}`}>
      <Glyph look={props.look} />
      {props.word}
    </span>
  );
}

/** State of a task as its row shows it: lost and scheduled are said, though Celery has no word for them. */
export function rowLook(row: {
  readonly state: string;
  readonly isLost: boolean;
  readonly eta: string | null;
  readonly started: number | null;
}): { readonly look: Look; readonly word: string } {
  if (row.isLost) return { look: 'lost', word: 'Lost' };
  if (row.eta && row.started === null && (row.state === 'RECEIVED' || row.state === 'PENDING')) {
    return { look: 'eta', word: 'Scheduled' };
  }
  return lookOf(row.state);
}
