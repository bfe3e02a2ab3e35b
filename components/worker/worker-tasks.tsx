'use client';

import Link from 'next/link';
import type { ReactNode } from 'react';
import type { WorkerDetail } from '../../lib/contract/records.ts';
import { When } from '../ui/figures.tsx';
import { formatCount, parseTime } from '../ui/format.ts';
import { taskHref, tasksHref } from '../ui/links.ts';

const MAX_LINES = 200;

/** What waits for its time on this worker, and which tasks it knows. */
export function WorkerTasks(props: { readonly worker: WorkerDetail; readonly now: number }): ReactNode {
  const { worker, now } = props;
  return (
    <section className="cells two-up fill">
      <div className="cell">
        <div className="head">
          <h2>Scheduled</h2>
          <span className="more">{formatCount(worker.scheduled.length)}</span>
        </div>
        {worker.scheduled.length === 0 ? <p className="dim">Nothing waits for its time here.</p> : null}
        <ul className="plain">
          {worker.scheduled.slice(0, MAX_LINES).map((task) => (
            <li key={task.uuid} className="con">
              <Link className="strong cut" href={taskHref(task.uuid)} prefetch={false}>
                {task.name}
              </Link>
              <span className="grow" />
              <span className="mid nowrap">
                <When at={parseTime(task.eta)} now={now} />
              </span>
            </li>
          ))}
        </ul>
      </div>
      <div className="cell">
        <div className="head">
          <h2>Registered</h2>
          <span className="more">{formatCount(worker.registered.length)}</span>
        </div>
        {worker.registered.length === 0 ? (
          <p className="dim">The worker has not told its tasks yet.</p>
        ) : null}
        <ul className="plain">
          {worker.registered.slice(0, MAX_LINES).map((name) => (
            <li key={name} className="con">
              <Link className="cut" href={tasksHref({ name, worker: worker.name })} prefetch={false}>
                {name}
              </Link>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
