'use client';

import { Clock } from 'lucide-react';
import Link from 'next/link';
import type { ReactNode } from 'react';
import type { RunningTask, WorkerDetail } from '../../lib/contract/records.ts';
import { Absent, Duration, ShortId } from '../ui/figures.tsx';
import { formatCount } from '../ui/format.ts';
import { taskHref } from '../ui/links.ts';
import { isOver } from '../ui/slots.tsx';

/** More free slots than this are one line. */
const MAX_FREE = 12;
const MAX_RESERVED = 20;

/** Elapsed against the p95 of the task; without one there is nothing to measure by. */
function Elapsed(props: {
  readonly elapsed: number;
  readonly p95: number;
  readonly isOver: boolean;
}): ReactNode {
  const max = Math.max(props.elapsed, props.p95) * 1.12 || 1;
  return (
    <div className={props.isOver ? 'elapsed over' : 'elapsed'} title="Elapsed against the p95 of this task">
      <i style={{ width: `${(props.elapsed / max) * 100}%` }} />
      <b style={{ left: `${(props.p95 / max) * 100}%` }} />
    </div>
  );
}

function SlotLine(props: {
  readonly task: RunningTask;
  readonly number: number;
  readonly now: number;
}): ReactNode {
  const { task, now } = props;
  const elapsed = task.started === null ? null : Math.max(0, now - task.started);
  const over = isOver(task, now);
  return (
    <tr>
      <td className="num dim sl-n">{props.number}</td>
      <td className="sl-t">
        <Link className="strong" href={taskHref(task.uuid)} prefetch={false}>
          {task.name || 'unknown task'}
        </Link>{' '}
        <span className="mono dim">{task.args ?? ''}</span>
      </td>
      <td className="sl-b">
        {elapsed === null || task.p95 === null ? null : (
          <Elapsed elapsed={elapsed} p95={task.p95} isOver={over} />
        )}
      </td>
      <td className={`num sl-e ${over ? 'broken' : ''}`}>
        <Duration seconds={elapsed} />
      </td>
      <td className="num dim hide-s">
        <Duration seconds={task.p95} />
      </td>
      <td className="mono dim hide-s num">{task.pid ?? <Absent />}</td>
    </tr>
  );
}

function Head({ worker, now }: { readonly worker: WorkerDetail; readonly now: number }): ReactNode {
  const running = worker.status === 'offline' ? [] : worker.running;
  const worst = running
    .map((task, index) => ({
      task,
      index,
      times: task.p95 && task.started ? (now - task.started) / task.p95 : 0,
    }))
    .filter(({ task }) => isOver(task, now))
    .sort((a, b) => b.times - a.times)[0];
  const factor = worst ? worst.times.toFixed(worst.times < 10 ? 1 : 0) : '';
  return (
    <div className="head">
      <h2>Slots</h2>
      <span className="mid">
        {worker.status === 'offline'
          ? 'unknown'
          : `${worker.active} of ${worker.concurrency ?? worker.active} busy`}
      </span>
      {worst ? (
        <span className="st s-retry">
          <Clock size={14} aria-hidden />
          slot {worst.index + 1} is at {factor} times its p95
        </span>
      ) : null}
      <span className="more hide-s">bar: elapsed, tick: p95 of that task</span>
    </div>
  );
}

/** What runs in each slot, how long, and what is next. */
export function SlotTable(props: { readonly worker: WorkerDetail; readonly now: number }): ReactNode {
  const { worker, now } = props;
  const isGone = worker.status === 'offline';
  const free = isGone ? 0 : Math.max(0, (worker.concurrency ?? 0) - worker.running.length);
  const drawn = free > MAX_FREE ? 1 : free;
  return (
    <div className="cell slotsec">
      <Head worker={worker} now={now} />
      <table className={isGone ? 'flush slt is-past' : 'flush slt'}>
        <colgroup>
          <col className="w-n" />
          <col />
          <col className="w-bar" />
          <col className="w-e" />
          <col className="w-p hide-s" />
          <col className="w-pid hide-s" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col" className="num">
              #
            </th>
            <th scope="col">{isGone ? 'Ran when last seen' : 'Running now'}</th>
            <td className="th" />
            <th scope="col" className="num">
              Elapsed
            </th>
            <th scope="col" className="num hide-s">
              p95
            </th>
            <th scope="col" className="num hide-s">
              Pid
            </th>
          </tr>
        </thead>
        <tbody>
          {worker.running.map((task, index) => (
            <SlotLine
              key={task.uuid}
              task={task}
              number={index + 1}
              now={isGone ? (worker.lastHeartbeat ?? worker.since) : now}
            />
          ))}
          {isGone && worker.running.length === 0 ? (
            <tr>
              <td className="sl-n" />
              <td className="sl-t dim" colSpan={5}>
                The worker does not answer.
              </td>
            </tr>
          ) : null}
          {Array.from({ length: drawn }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: free slots have no identity
            <tr key={`free ${index}`}>
              <td className="num dim sl-n">{free > MAX_FREE ? '' : worker.running.length + index + 1}</td>
              <td className="sl-t dim" colSpan={5}>
                {free > MAX_FREE ? `${formatCount(free)} free` : 'free'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {isGone && worker.reserved.length === 0 ? null : <NextUp reserved={worker.reserved} isGone={isGone} />}
    </div>
  );
}

function NextUp(props: { readonly reserved: readonly RunningTask[]; readonly isGone: boolean }): ReactNode {
  const { reserved, isGone } = props;
  return (
    <>
      <div className="head next-head">
        <h2>{isGone ? 'Reserved when last seen' : 'Next up'}</h2>
        <span className="mid">
          {reserved.length === 0
            ? 'nothing reserved'
            : `${formatCount(reserved.length)} reserved by this worker`}
        </span>
      </div>
      <table className={isGone ? 'compact flush nx is-past' : 'compact flush nx'}>
        <colgroup>
          <col className="w-n" />
          <col />
          <col className="w-id" />
        </colgroup>
        <tbody>
          {reserved.slice(0, MAX_RESERVED).map((task, index) => (
            <tr key={task.uuid}>
              <td className="num dim">{index + 1}</td>
              <td className="cut">
                <Link className="strong" href={taskHref(task.uuid)} prefetch={false}>
                  {task.name || 'unknown task'}
                </Link>{' '}
                <span className="mono dim">{task.args ?? ''}</span>
              </td>
              <td className="num dim">
                <ShortId id={task.uuid} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
