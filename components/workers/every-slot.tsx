'use client';

import Link from 'next/link';
import type { ReactNode } from 'react';
import type { RunningTask, WorkerRow } from '../../lib/contract/records.ts';
import { formatDuration } from '../ui/format.ts';
import { taskHref } from '../ui/links.ts';
import { countOver, isOver } from '../ui/slots.tsx';
import { shortName } from '../ui/task-text.ts';

/** More slots than this are pins, not cells with words. */
const MAX_CELLS = 16;
const MAX_PINS = 200;

function Cell(props: {
  readonly task: RunningTask;
  readonly now: number;
  readonly isGone: boolean;
}): ReactNode {
  const { task, now, isGone } = props;
  const elapsed = task.started === null ? null : Math.max(0, now - task.started);
  const over = !isGone && isOver(task, now);
  const full = task.p95 === null || task.p95 <= 0 ? null : task.p95;
  const share = elapsed === null || full === null ? 0 : Math.min(1, elapsed / full);
  const classes = ['sc', isGone ? 'gone' : '', over ? 'over' : ''].filter(Boolean).join(' ');
  return (
    <Link
      className={classes}
      href={taskHref(task.uuid)}
      prefetch={false}
      title={`${task.name} ${task.args ?? ''}`}
    >
      <span className="cut strong">{shortName(task.name)}</span>
      <span className="mono dim cut">{task.uuid.slice(0, 8)}</span>
      <span className="num">{isGone ? 'lost' : formatDuration(elapsed)}</span>
      {isGone ? null : <i style={{ width: `${share * 100}%` }} />}
    </Link>
  );
}

function Cells(props: {
  readonly worker: WorkerRow;
  readonly total: number;
  readonly now: number;
}): ReactNode {
  const { worker, total, now } = props;
  const isGone = worker.status === 'offline';
  const free = Math.max(0, total - worker.running.length);
  return (
    <div className="scs">
      {worker.running.map((task) => (
        <Cell key={task.uuid} task={task} now={now} isGone={isGone} />
      ))}
      {Array.from({ length: free }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: free slots have no identity
        <span key={index} className={isGone ? 'sc gone' : 'sc free'}>
          {isGone ? '' : 'free'}
        </span>
      ))}
    </div>
  );
}

/** `send_digest 10, cleanup 1` */
function summary(running: readonly RunningTask[]): string {
  const counts = new Map<string, number>();
  for (const task of running) counts.set(shortName(task.name), (counts.get(shortName(task.name)) ?? 0) + 1);
  return [...counts.entries()]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function Pins(props: {
  readonly worker: WorkerRow;
  readonly total: number;
  readonly now: number;
}): ReactNode {
  const { worker, total, now } = props;
  const over = countOver(worker.running, now);
  return (
    <>
      <div className="pins" role="img" aria-label={`${worker.active} of ${total} slots busy`}>
        {Array.from({ length: Math.min(MAX_PINS, total) }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a slot is its place
          <i key={index} className={index < over ? 'o' : index < worker.active ? 'b' : ''} />
        ))}
      </div>
      <span className="dim small nowrap">{summary(worker.running)}</span>
    </>
  );
}

/** Each slot of each worker: what runs in it, for how long, and whether that is long for it. */
export function EverySlot(props: {
  readonly workers: readonly WorkerRow[];
  readonly now: number;
}): ReactNode {
  const alive = props.workers.filter((worker) => worker.status !== 'offline');
  const busy = alive.reduce((sum, worker) => sum + worker.active, 0);
  const total = alive.reduce((sum, worker) => sum + (worker.concurrency ?? worker.active), 0);
  const over = alive.reduce((sum, worker) => sum + countOver(worker.running, props.now), 0);
  return (
    <section className="cell hide-s slots-now fill">
      <div className="head">
        <h2>Every slot, now</h2>
        <span className="mid small">
          {busy} busy, {Math.max(0, total - busy)} free
          {over > 0 ? `; ${over} over ${over === 1 ? 'its' : 'their'} p95` : ''}
        </span>
        <div className="legend">
          <span className="s-started">
            <i />
            elapsed, full at p95
          </span>
          <span className="s-retry">
            <i />
            over p95
          </span>
          <span>
            <i className="hollow" />
            free
          </span>
        </div>
      </div>
      {props.workers.map((worker) => {
        const slots = worker.concurrency ?? worker.running.length;
        return (
          <div key={worker.name} className="sg">
            <div className="sgn">
              <span className="strong cut" title={worker.name}>
                {worker.name}
              </span>
              <span className="dim">
                {worker.status === 'offline' ? 'offline' : `${worker.active} of ${slots}`}
              </span>
            </div>
            {slots > MAX_CELLS ? (
              <Pins worker={worker} total={slots} now={props.now} />
            ) : (
              <Cells worker={worker} total={slots} now={props.now} />
            )}
          </div>
        );
      })}
    </section>
  );
}
