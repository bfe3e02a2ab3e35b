import type { ReactNode } from 'react';
import type { TaskFilter } from '../../lib/contract/filters.ts';
import type { TaskCounts } from '../../lib/contract/live.ts';
import { isTaskState } from '../../lib/contract/states.ts';
import { formatCount } from '../ui/format.ts';
import { Glyph } from '../ui/glyph.tsx';
import { lookOf, STATE_ORDER, stateClass } from '../ui/states.ts';
import { without } from './query-text.ts';

/** States as filters, each with how many match. */
export function StateFacets(props: {
  readonly filter: TaskFilter;
  readonly counts: TaskCounts | null;
  readonly onChange: (filter: TaskFilter) => void;
}): ReactNode {
  const byState = props.counts?.byState ?? {};
  const custom = Object.keys(byState).filter((state) => !isTaskState(state) && (byState[state] ?? 0) > 0);
  const all = Object.values(byState).reduce((sum, count) => sum + count, 0);
  const { state: current } = props.filter;
  return (
    <fieldset className="facets" aria-label="State">
      <button
        type="button"
        className="facet"
        aria-pressed={!current}
        onClick={() => props.onChange(without(props.filter, 'state'))}
      >
        All
        <span className="n">{formatCount(all)}</span>
      </button>
      {[...STATE_ORDER, ...custom].map((state) => {
        const { look, word } = lookOf(state);
        const count = byState[state] ?? 0;
        const isCurrent = current === state;
        return (
          <button
            key={state}
            type="button"
            className={`facet ${stateClass(look)}${count === 0 ? ' zero' : ''}`}
            aria-pressed={isCurrent}
            onClick={() =>
              props.onChange(isCurrent ? without(props.filter, 'state') : { ...props.filter, state })
            }
          >
            <Glyph look={look} />
            {word}
            <span className="n">{formatCount(count)}</span>
          </button>
        );
      })}
    </fieldset>
  );
}
