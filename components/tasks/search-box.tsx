'use client';

import { Search } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { TaskFilter } from '../../lib/contract/filters.ts';
import { useKeys } from '../shell/keys.tsx';
import { Key } from '../ui/key.tsx';
import { parseQuery, queryText } from './query-text.ts';

/** Typing settles this long before the list follows. */
const SETTLE_MS = 250;

/** The filter as text; the list follows while one types. */
export function SearchBox(props: {
  readonly filter: TaskFilter;
  readonly onChange: (filter: TaskFilter) => void;
}): ReactNode {
  const shown = queryText(props.filter);
  const [text, setText] = useState(shown);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    // A chip or a link changed the filter: the box says it too, but never against the one who types.
    setText((before) => (queryText(parseQuery(before)) === shown ? before : shown));
  }, [shown]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useKeys({ '/': () => input.current?.focus() });
  const apply = (next: string): void => {
    clearTimeout(timer.current);
    props.onChange(parseQuery(next));
  };
  return (
    <search className="input query mono">
      <Search size={14} className="dim" aria-hidden />
      <input
        ref={input}
        type="search"
        aria-label="Search tasks"
        placeholder="state:FAILURE name:charge_card queue:q worker:w or any words"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => {
          const next = event.target.value;
          setText(next);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => apply(next), SETTLE_MS);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') apply(text);
          if (event.key === 'Escape') {
            setText('');
            apply('');
            input.current?.blur();
          }
        }}
      />
      <Key>/</Key>
    </search>
  );
}
