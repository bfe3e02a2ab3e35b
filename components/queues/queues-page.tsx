'use client';

import { TriangleAlert } from 'lucide-react';
import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { type ReactNode, Suspense } from 'react';
import type { QueueRow } from '../../lib/contract/records.ts';
import { RefusalNote } from '../live/refusal-note.tsx';
import { useNow } from '../live/use-now.ts';
import { useRoom } from '../live/use-room.ts';
import { useKeys } from '../shell/keys.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { Command } from '../ui/command.tsx';
import { formatCount, formatDuration, formatRate } from '../ui/format.ts';
import { SkeletonRows } from '../ui/skeleton.tsx';
import { QueueDetail } from './queue-detail.tsx';
import { QueueTable } from './queue-table.tsx';

function Abandoned(props: { readonly queue: QueueRow; readonly now: number }): ReactNode {
  const { queue } = props;
  const since = queue.abandonedSince ?? props.now;
  const growing = (queue.inPerSecond ?? 0) > 0 ? `, ${formatRate(queue.inPerSecond)} more each second` : '';
  const waits = queue.messages === 1 ? '1 message waits' : `${formatCount(queue.messages)} messages wait`;
  return (
    <section className="banner s-retry" role="status">
      <TriangleAlert size={16} aria-hidden />
      <span className="grow">
        <b className="strongest">Nobody consumes {queue.name}.</b>{' '}
        <span className="mid">
          {waits}, for {formatDuration(Math.max(0, props.now - since))}
          {growing}.
        </span>
      </span>
      <Link className="btn hide-s" href="/workers" prefetch={false}>
        Add a consumer…
      </Link>
    </section>
  );
}

function open(name: string): void {
  window.history.replaceState(null, '', `${window.location.pathname}?queue=${encodeURIComponent(name)}`);
}

function QueuesBody({ queues }: { readonly queues: readonly QueueRow[] }): ReactNode {
  const now = useNow();
  const wanted = useSearchParams().get('queue');
  const abandoned = queues.filter((queue) => queue.abandonedSince !== null);
  const selected =
    queues.find((queue) => queue.name === wanted) ?? (wanted ? undefined : (abandoned[0] ?? queues[0]));
  const step = (by: number): void => {
    const at = queues.findIndex((queue) => queue.name === selected?.name);
    const next = queues[Math.max(0, Math.min(queues.length - 1, at + by))];
    if (next) open(next.name);
  };
  useKeys({ j: () => step(1), k: () => step(-1) });
  if (queues.length === 0) {
    return (
      <section className="welcome">
        <h2 className="big">No queue is known yet</h2>
        <p className="mid">A queue appears when a worker consumes it or a task is sent to it.</p>
        <Command text="npx umbel -A tasks.ts worker -Q celery --loglevel=info" />
      </section>
    );
  }
  return (
    <>
      {abandoned.slice(0, 3).map((queue) => (
        <Abandoned key={queue.name} queue={queue} now={now} />
      ))}
      <QueueTable queues={queues} open={selected?.name ?? null} onOpen={open} />
      {selected ? <QueueDetail queue={selected} /> : null}
      {wanted && !selected ? (
        <div className="nomatch">
          <p>
            No queue is known that is called <code>{wanted}</code>.
          </p>
        </div>
      ) : null}
    </>
  );
}

/** The queues, and one of them in detail. */
export function QueuesPage(): ReactNode {
  const { data, refusal } = useRoom<'queues'>({ room: 'queues' });
  return (
    <PageFrame title="Queues">
      {refusal ? <RefusalNote what="Could not read the queues." message={refusal.message} /> : null}
      {data ? (
        <Suspense>
          <QueuesBody queues={data} />
        </Suspense>
      ) : null}
      {data || refusal ? null : <SkeletonRows count={6} height={40} />}
    </PageFrame>
  );
}
