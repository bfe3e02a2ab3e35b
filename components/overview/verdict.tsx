'use client';

import { Layers, Server } from 'lucide-react';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import type { ReactNode } from 'react';
import type { Overview, Problem } from '../../lib/contract/records.ts';
import { useIsStale } from '../live/use-stale.ts';
import { useKeys } from '../shell/keys.tsx';
import { formatCount, formatDuration } from '../ui/format.ts';
import { Glyph } from '../ui/glyph.tsx';
import { Key } from '../ui/key.tsx';

const MAX_LINES = 3;

const ACTIONS: Record<Problem['kind'], string> = {
  failing: 'Open failures',
  abandoned_queue: 'Open queue',
  silent_worker: 'Open worker',
  wrong_clock: 'Open worker',
  data_lost: 'Open queues',
};

function ProblemIcon({ kind }: { readonly kind: Problem['kind'] }): ReactNode {
  switch (kind) {
    case 'failing':
    case 'data_lost':
      return <Glyph look="failure" />;
    case 'abandoned_queue':
      return <Layers size={16} strokeWidth={1.5} aria-hidden />;
    case 'silent_worker':
    case 'wrong_clock':
      return <Server size={16} strokeWidth={1.5} aria-hidden />;
  }
}

/** What is wrong, since when, where, and what to press; one quiet line when nothing is, and none on old figures. */
export function Verdict({ overview }: { readonly overview: Overview }): ReactNode {
  const router = useRouter();
  const isStale = useIsStale();
  const shown = overview.problems.slice(0, MAX_LINES);
  const rest = overview.problems.length - shown.length;
  const bindings = Object.fromEntries(
    shown.map((problem, index) => [String(index + 1), () => router.push(problem.href)]),
  );
  useKeys(bindings);
  if (shown.length === 0) return isStale ? null : <AllWell overview={overview} />;
  return (
    <section className="verdict" aria-label="What needs you">
      <ul>
        {shown.map((problem, index) => (
          <li
            key={`${problem.kind} ${problem.title}`}
            className={problem.severity === 'failure' ? 's-failure' : 's-retry'}
          >
            <ProblemIcon kind={problem.kind} />
            <div className="line">
              <Link className="what" href={problem.href} prefetch={false}>
                {problem.title}
              </Link>
              <span className="why cut" title={problem.evidence}>
                {problem.evidence}
              </span>
            </div>
            <div className="acts">
              <Link className={index === 0 ? 'btn primary' : 'btn'} href={problem.href} prefetch={false}>
                {ACTIONS[problem.kind] ?? 'Open'}
                <Key>{index + 1}</Key>
              </Link>
            </div>
          </li>
        ))}
      </ul>
      {rest > 0 ? <p className="verdict-rest mid">and {formatCount(rest)} more</p> : null}
    </section>
  );
}

function AllWell({ overview }: { readonly overview: Overview }): ReactNode {
  const online = overview.workers.filter((worker) => worker.status !== 'offline').length;
  const workers = online === 1 ? '1 worker' : `${formatCount(online)} workers`;
  const wait =
    overview.waitP95 === null ? 'nothing waits' : `95% wait less than ${formatDuration(overview.waitP95)}`;
  return (
    <section className="allwell" aria-label="What needs you">
      <span className="s-success">
        <Glyph look="success" />
      </span>
      <span>All well.</span>
      <span className="mid">
        {workers}, {wait}.
      </span>
    </section>
  );
}
