'use client';

import Link from 'next/link';
import type { ReactNode } from 'react';
import type { TaskDetail } from '../../lib/contract/records.ts';
import { Histogram } from '../charts/histogram.tsx';
import { Absent, ShortId, When } from '../ui/figures.tsx';
import { formatCount, parseTime } from '../ui/format.ts';
import { taskHref, tasksHref, workerHref } from '../ui/links.ts';

function Fact(props: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </>
  );
}

function TaskLink({ id }: { readonly id: string | null }): ReactNode {
  if (!id) return <Absent />;
  return (
    <Link href={taskHref(id)} prefetch={false} className="link">
      <ShortId id={id} />
    </Link>
  );
}

function Time(props: { readonly text: string | null; readonly now: number }): ReactNode {
  const at = parseTime(props.text);
  if (at !== null) return <When at={at} now={props.now} />;
  return props.text ? props.text : <Absent />;
}

function Normal({ task, run }: { readonly task: TaskDetail; readonly run: number | null }): ReactNode {
  return (
    <div className="cell">
      <div className="head">
        <h2>Is this normal?</h2>
        <span className="more">
          {task.peers ? (
            <Link href={tasksHref(task.name ? { name: task.name } : {})} prefetch={false}>
              {task.peers.count === 1 ? '1 run' : `${formatCount(task.peers.count)} runs`}
            </Link>
          ) : null}
        </span>
      </div>
      {task.peers && task.peers.count > 0 ? (
        <Histogram peers={task.peers} run={run} />
      ) : (
        <p className="dim">No successful run of this task to compare with yet.</p>
      )}
    </div>
  );
}

/** How long such runs take, where the task came from, and what belongs to it. */
export function TaskFacts(props: {
  readonly task: TaskDetail;
  readonly run: number | null;
  readonly now: number;
}): ReactNode {
  const { task, now } = props;
  const routing = [task.exchange, task.routingKey].filter(Boolean).join(' / ');
  return (
    <aside className="t-right" aria-label="About this task">
      <Normal task={task} run={props.run} />
      <div className="cell">
        <div className="head">
          <h2>Related</h2>
        </div>
        <dl className="facts">
          <Fact name="Root">{task.rootId === task.uuid ? 'this task' : <TaskLink id={task.rootId} />}</Fact>
          <Fact name="Parent">
            <TaskLink id={task.parentId === task.uuid ? null : task.parentId} />
          </Fact>
          <Fact name="Children">
            {task.children.length === 0 ? <Absent /> : formatCount(task.children.length)}
          </Fact>
        </dl>
        {task.children.length > 0 ? (
          <ul className="children">
            {task.children.slice(0, 50).map((id) => (
              <li key={id}>
                <TaskLink id={id} />
              </li>
            ))}
          </ul>
        ) : null}
      </div>
      <div className="cell">
        <div className="head">
          <h2>Facts</h2>
        </div>
        <dl className="facts">
          <Fact name="Queue">{task.queue ?? <Absent />}</Fact>
          <Fact name="Routing">{routing || <Absent />}</Fact>
          <Fact name="Worker">
            {task.worker ? (
              <Link className="link" href={workerHref(task.worker)} prefetch={false}>
                {task.worker}
              </Link>
            ) : (
              <Absent>no worker yet</Absent>
            )}
          </Fact>
          <Fact name="Pid">{task.pid ?? <Absent />}</Fact>
          <Fact name="Retries">{task.retries}</Fact>
          <Fact name="ETA">
            <Time text={task.eta} now={now} />
          </Fact>
          <Fact name="Expires">
            <Time text={task.expires} now={now} />
          </Fact>
          <Fact name="Sent by">{task.client ?? <Absent />}</Fact>
        </dl>
      </div>
    </aside>
  );
}
