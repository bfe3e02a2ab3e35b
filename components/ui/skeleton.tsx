'use client';

import type { ReactNode } from 'react';
import { useLate } from './use-late.ts';

const WIDTHS = ['38%', '52%', '44%', '61%', '35%', '49%', '57%', '41%'];

/** Grey bars in the place of rows, after 150 ms. */
export function SkeletonRows(props: { readonly count: number; readonly height?: number }): ReactNode {
  const isLate = useLate(true);
  return (
    <div role="status" aria-label="Loading" className={isLate ? 'sk-rows' : 'sk-rows invisible'}>
      {Array.from({ length: props.count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: identical bars without identity
        <div key={index} className="sk-row" style={{ height: props.height ?? 36 }}>
          <span className="sk" style={{ width: 64 }} />
          <span className="sk" style={{ width: WIDTHS[index % WIDTHS.length] }} />
          <span className="sk" style={{ width: 72, marginLeft: 'auto' }} />
        </div>
      ))}
    </div>
  );
}
