'use client';

import Link from 'next/link';
import { usePathname, useRouter } from 'next/navigation';
import { type ReactNode, useEffect, useState } from 'react';
import type { WorkerDetail } from '../../lib/contract/records.ts';
import { RefusalNote } from '../live/refusal-note.tsx';
import { useNow } from '../live/use-now.ts';
import { useRoom } from '../live/use-room.ts';
import { useKeys } from '../shell/keys.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { idFromPath } from '../ui/links.ts';
import { SkeletonRows } from '../ui/skeleton.tsx';
import { WorkerHead } from './worker-head.tsx';
import { WorkerTabs } from './worker-tabs.tsx';

function WorkerBody({ worker }: { readonly worker: WorkerDetail }): ReactNode {
  const now = useNow(500);
  const router = useRouter();
  useKeys({ escape: () => router.push('/workers') });
  return (
    <>
      <WorkerHead worker={worker} now={now} />
      <WorkerTabs worker={worker} now={now} />
    </>
  );
}

function Unknown({ name }: { readonly name: string }): ReactNode {
  return (
    <section className="welcome">
      <h2 className="big">This worker is not known</h2>
      <p className="mid">
        Nothing called <code>{name}</code> has announced itself.
      </p>
      <p className="welcome-acts">
        <Link className="btn" href="/workers">
          All workers
        </Link>
      </p>
    </section>
  );
}

/** One worker: its slots, its load, and the orders it takes. */
export function WorkerPage(): ReactNode {
  const pathname = usePathname();
  const [name, setName] = useState<string | null>(null);
  // After mount only: the exported page stands for every worker and must be hydrated as it was written.
  useEffect(() => setName(idFromPath(pathname, 'worker')), [pathname]);
  const { data, refusal } = useRoom<'worker'>(name === null ? null : { room: 'worker', name });
  return (
    <PageFrame
      title={name ?? 'Worker'}
      crumb={
        <>
          <span className="crumb nowrap">
            <Link href="/workers" prefetch={false}>
              Workers
            </Link>{' '}
            /
          </span>
          <span className="cut">{name ?? ''}</span>
        </>
      }
    >
      {refusal ? <RefusalNote what="Could not read this worker." message={refusal.message} /> : null}
      {data ? <WorkerBody key={data.name} worker={data} /> : null}
      {data === null && name !== null ? <Unknown name={name} /> : null}
      {data === undefined && !refusal ? <SkeletonRows count={10} height={52} /> : null}
    </PageFrame>
  );
}
