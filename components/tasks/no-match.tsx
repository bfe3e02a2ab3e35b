import type { ReactNode } from 'react';
import type { TaskFilter } from '../../lib/contract/filters.ts';
import { Button } from '../ui/button.tsx';
import { formatCount } from '../ui/format.ts';
import { FIELD_NAMES, queryText, without } from './query-text.ts';

const PARTS = [...FIELD_NAMES, 'text'] as const;

/** Nothing matches: which filter, among how many, and each part to drop. */
export function NoMatch(props: {
  readonly filter: TaskFilter;
  readonly total: number;
  readonly onChange: (filter: TaskFilter) => void;
}): ReactNode {
  const parts = PARTS.filter((part) => props.filter[part]);
  return (
    <div className="nomatch">
      <p>
        <b className="strongest">Nothing matches</b> <code>{queryText(props.filter)}</code>{' '}
        <span className="mid">in {formatCount(props.total)} tasks.</span>
      </p>
      <div className="row wrap">
        {parts.length > 1
          ? parts.map((part) => (
              <Button key={part} size="sm" onClick={() => props.onChange(without(props.filter, part))}>
                Drop {part === 'text' ? `“${props.filter.text}”` : `${part}:${props.filter[part]}`}
              </Button>
            ))
          : null}
        <Button size="sm" onClick={() => props.onChange({})}>
          {parts.length > 1 ? 'Clear all' : 'Clear the filter'}
        </Button>
      </div>
    </div>
  );
}
