import Link from 'next/link';
import type { ReactNode } from 'react';
import { formatCount } from '../ui/format.ts';
import { Glyph } from '../ui/glyph.tsx';
import { tasksHref } from '../ui/links.ts';
import { lookOf, STATE_ORDER, stateClass } from '../ui/states.ts';

function StateLink(props: { readonly state: string; readonly count: number }): ReactNode {
  const { look, word } = lookOf(props.state);
  return (
    <Link
      className={`facet low ${stateClass(look)}`}
      href={tasksHref({ state: props.state })}
      prefetch={false}
    >
      <Glyph look={look} />
      {word}
      <span className="n">{formatCount(props.count)}</span>
    </Link>
  );
}

/** Tasks by state in the range, to scale; success is quiet, so that the rest is seen in its proportion. */
export function StateBar({ states }: { readonly states: Readonly<Record<string, number>> }): ReactNode {
  const order: readonly string[] = STATE_ORDER;
  const others = Object.keys(states)
    .filter((state) => state !== 'SUCCESS' && (states[state] ?? 0) > 0)
    .sort((a, b) => ((order.indexOf(a) + 99) % 99) - ((order.indexOf(b) + 99) % 99));
  const shares = [...((states['SUCCESS'] ?? 0) > 0 ? ['SUCCESS'] : []), ...others];
  const sum = shares.reduce((total, state) => total + (states[state] ?? 0), 0);
  return (
    <section className="bar statesline" aria-label="Tasks by state">
      <div className="facets">
        <StateLink state="SUCCESS" count={states['SUCCESS'] ?? 0} />
        {sum > 0 ? (
          <div className="statebar hide-s" title={`All ${formatCount(sum)}, to scale`}>
            {shares.map((state) => (
              <i
                key={state}
                className={`${stateClass(lookOf(state).look)}${state === 'SUCCESS' ? ' quiet' : ''}`}
                style={{ flex: states[state] ?? 0 }}
              />
            ))}
          </div>
        ) : null}
        {others.map((state) => (
          <StateLink key={state} state={state} count={states[state] ?? 0} />
        ))}
      </div>
    </section>
  );
}
