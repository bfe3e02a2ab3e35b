import { Fragment, type ReactNode } from 'react';

/** Of JSON, and of Python's texts with single quotes. */
const TOKEN =
  /("(?:\\.|[^"\\])*"(?=\s*:))|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;
const CLASSES = ['k', 's', 'd', 'l'] as const;
/** Longer texts are shown without colours: the cost grows with each token. */
const MAX_COLOURED = 20_000;

function colour(text: string): ReactNode {
  const out: ReactNode[] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    const kind = match.slice(1).findIndex((group) => group !== undefined);
    out.push(<Fragment key={`p${match.index}`}>{text.slice(at, match.index)}</Fragment>);
    out.push(
      <span key={match.index} className={CLASSES[kind] ?? 'p'}>
        {match[0]}
      </span>,
    );
    at = match.index + match[0].length;
  }
  out.push(<Fragment key="end">{text.slice(at)}</Fragment>);
  return out;
}

/** Text of code or JSON with colours; never markup. */
export function CodeText({ text, label }: { readonly text: string; readonly label: string }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="code scrolls" aria-label={label} tabIndex={0}>
      {text.length > MAX_COLOURED ? text : colour(text)}
    </section>
  );
}
