'use client';

import { Search } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import type { WorkerRow, WorkerStatus } from '../../lib/contract/records.ts';
import { RefusalNote } from '../live/refusal-note.tsx';
import { useNow } from '../live/use-now.ts';
import { useRoom } from '../live/use-room.ts';
import { useKeys } from '../shell/keys.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { FirstSteps } from '../ui/first-steps.tsx';
import { SkeletonRows } from '../ui/skeleton.tsx';
import { StatusDot } from '../ui/status-dot.tsx';
import { EverySlot } from './every-slot.tsx';
import { WorkersTable } from './workers-table.tsx';

type Choice = WorkerStatus | 'all';

const CHOICES: readonly (readonly [Choice, string])[] = [
  ['all', 'All'],
  ['online', 'Online'],
  ['late', 'Late'],
  ['offline', 'Offline'],
];

function matches(worker: WorkerRow, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [worker.name, worker.software ?? '', ...worker.queues].some((part) =>
    part.toLowerCase().includes(wanted),
  );
}

function WorkersBody({ workers }: { readonly workers: readonly WorkerRow[] }): ReactNode {
  const now = useNow();
  const [text, setText] = useState('');
  const [choice, setChoice] = useState<Choice>('all');
  const input = useRef<HTMLInputElement>(null);
  useKeys({ '/': () => input.current?.focus() });
  const found = workers.filter((worker) => matches(worker, text));
  const shown = found.filter((worker) => choice === 'all' || worker.status === choice);
  if (workers.length === 0) return <FirstSteps workerCount={0} title="No worker has announced itself" />;
  return (
    <>
      <section className="bar">
        <search className="input worker-search">
          <Search size={14} className="dim" aria-hidden />
          <input
            ref={input}
            type="search"
            aria-label="Search workers"
            placeholder="name, host, queue or version"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </search>
        <fieldset className="facets" aria-label="Status">
          {CHOICES.map(([status, word]) => (
            <button
              key={status}
              type="button"
              className="facet"
              aria-pressed={choice === status}
              onClick={() => setChoice(status)}
            >
              {status === 'all' ? null : <StatusDot status={status} />}
              {word}
              <span className="n">
                {status === 'all' ? found.length : found.filter((worker) => worker.status === status).length}
              </span>
            </button>
          ))}
        </fieldset>
      </section>
      {shown.length > 0 ? (
        <>
          <WorkersTable workers={shown} now={now} />
          <EverySlot workers={shown} now={now} />
        </>
      ) : (
        <div className="nomatch">
          <p>
            <b className="strongest">No worker matches.</b>
          </p>
          <button
            type="button"
            className="btn sm"
            onClick={() => {
              setText('');
              setChoice('all');
            }}
          >
            Clear the filter
          </button>
        </div>
      )}
    </>
  );
}

/** The workers and what each of their slots does. */
export function WorkersPage(): ReactNode {
  const { data, refusal } = useRoom<'workers'>({ room: 'workers' });
  return (
    <PageFrame title="Workers">
      {refusal ? <RefusalNote what="Could not read the workers." message={refusal.message} /> : null}
      {data ? <WorkersBody workers={data} /> : null}
      {data || refusal ? null : <SkeletonRows count={6} height={54} />}
    </PageFrame>
  );
}
