'use client';

import { useRouter, useSearchParams } from 'next/navigation';
import type { ReactNode } from 'react';
import { OVERVIEW_RANGES, type OverviewRange } from '../../lib/contract/live.ts';

/** The range in the page's address; an hour when it names none we know. */
export function useRange(): OverviewRange {
  const wanted = useSearchParams().get('range');
  return OVERVIEW_RANGES.find((range) => range === wanted) ?? '1h';
}

/** How far back the overview looks. */
export function RangeSwitch({ range }: { readonly range: OverviewRange }): ReactNode {
  const router = useRouter();
  return (
    <fieldset className="seg hide-s" aria-label="Time range">
      {OVERVIEW_RANGES.map((choice) => (
        <button
          key={choice}
          type="button"
          aria-pressed={choice === range}
          onClick={() => router.replace(choice === '1h' ? '/' : `/?range=${choice}`, { scroll: false })}
        >
          {choice}
        </button>
      ))}
    </fieldset>
  );
}
