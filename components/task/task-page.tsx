'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { type ReactNode, useEffect, useState } from 'react';
import type { TaskDetail } from '../../lib/contract/records.ts';
import { READY_STATES } from '../../lib/contract/states.ts';
import { RefusalNote } from '../live/refusal-note.tsx';
import { useNow } from '../live/use-now.ts';
import { useRoom } from '../live/use-room.ts';
import { PageFrame } from '../shell/page-frame.tsx';
import { idFromPath } from '../ui/links.ts';
import { SkeletonRows } from '../ui/skeleton.tsx';
import { waitAndRun } from '../ui/wait-run.tsx';
import { TaskFacts } from './task-facts.tsx';
import { TaskHead } from './task-head.tsx';
import { TaskIo } from './task-io.tsx';
import { TimelineView } from './timeline-view.tsx';

function TaskBody({ task }: { readonly task: TaskDetail }): ReactNode {
  const isMoving = !READY_STATES.has(task.state);
  const now = useNow(isMoving ? 250 : 1_000);
  return (
    <>
      <TaskHead task={task} now={now} />
      <section className="cells t-main fill">
        <div className="t-left">
          <TimelineView task={task} now={now} />
          <TaskIo task={task} />
        </div>
        <TaskFacts task={task} run={waitAndRun(task, now).run} now={now} />
      </section>
    </>
  );
}

function Unknown({ uuid }: { readonly uuid: string }): ReactNode {
  return (
    <section className="welcome">
      <h2 className="big">This task is not known</h2>
      <p className="mid">
        No event of <code>{uuid}</code> has arrived, and no history of it is kept. It appears here as soon as
        a worker tells of it.
      </p>
      <p className="welcome-acts">
        <Link className="btn" href="/tasks">
          All tasks
        </Link>
      </p>
    </section>
  );
}

/** One task, from sent to done, as it happens. */
export function TaskPage(): ReactNode {
  const pathname = usePathname();
  const [uuid, setUuid] = useState<string | null>(null);
  // After mount only: the exported page stands for every task and must be hydrated as it was written.
  useEffect(() => setUuid(idFromPath(pathname, 'task')), [pathname]);
  const { data, refusal } = useRoom<'task'>(uuid === null ? null : { room: 'task', uuid });
  const name = data?.name ?? 'Task';
  return (
    <PageFrame
      title={name}
      crumb={
        <>
          <span className="crumb nowrap">
            <Link href="/tasks" prefetch={false}>
              Tasks
            </Link>{' '}
            /
          </span>
          <span className="cut">{name}</span>
        </>
      }
    >
      {refusal ? <RefusalNote what="Could not read this task." message={refusal.message} /> : null}
      {data ? <TaskBody key={data.uuid} task={data} /> : null}
      {data === null && uuid !== null ? <Unknown uuid={uuid} /> : null}
      {data === undefined && !refusal ? <SkeletonRows count={10} height={52} /> : null}
    </PageFrame>
  );
}
