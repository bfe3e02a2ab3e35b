'use client';

import Link from 'next/link';
import { useRouter } from 'next/navigation';
import type { ReactNode } from 'react';
import type { WorkerRow } from '../../lib/contract/records.ts';
import { largest } from '../charts/geometry.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { Absent, Bytes, Unit } from '../ui/figures.tsx';
import { formatClock, formatCount, formatDuration, formatRate, formatRough, isFigure } from '../ui/format.ts';
import { workerHref } from '../ui/links.ts';
import { usePreferences } from '../ui/preferences.tsx';
import { countOver, Slots } from '../ui/slots.tsx';
import { StatusDot } from '../ui/status-dot.tsx';

function Name({ worker }: { readonly worker: WorkerRow }): ReactNode {
  return (
    <td>
      <span className="row">
        <StatusDot status={worker.status} />
        <span className="two">
          <Link className="strong cut" href={workerHref(worker.name)} prefetch={false} title={worker.name}>
            {worker.name}
          </Link>
          <small className="cut">{[worker.software, worker.pool].filter(Boolean).join(', ')}</small>
        </span>
      </span>
    </td>
  );
}

function lastSeen(worker: WorkerRow): string {
  const parts = [
    isFigure(worker.cpuPercent) ? `CPU ${Math.round(worker.cpuPercent)}%` : '',
    worker.load?.[0] === undefined ? '' : `load ${worker.load[0]}`,
    `${formatCount(worker.processed)} finished`,
  ];
  return parts.filter(Boolean).join(', ');
}

function GoneLine(props: { readonly worker: WorkerRow; readonly now: number }): ReactNode {
  const { worker, now } = props;
  const { zone } = usePreferences();
  const lost = worker.running.length;
  return (
    <tr className="is-off">
      <Name worker={worker} />
      <td>
        <Slots total={worker.concurrency ?? 0} busy={0} isGone />
      </td>
      <td colSpan={4} className="span">
        <span className="two">
          <span className="mid">
            Silent since {formatClock(worker.since, zone)}, {formatDuration(now - worker.since)}.
            {lost > 0 ? ` ${lost} running ${lost === 1 ? 'task' : 'tasks'} lost.` : ''}
          </span>
          <small>Last seen: {lastSeen(worker)}</small>
        </span>
      </td>
      <td className="hide-s mid cut">{worker.queues.join(', ')}</td>
      <td className="num hide-s" />
    </tr>
  );
}

function WorkerLine(props: { readonly worker: WorkerRow; readonly now: number }): ReactNode {
  const { worker, now } = props;
  const router = useRouter();
  if (worker.status === 'offline') return <GoneLine worker={worker} now={now} />;
  const total = worker.concurrency ?? worker.active;
  return (
    <tr className="opens" onClick={() => router.push(workerHref(worker.name))}>
      <Name worker={worker} />
      <td>
        <span className="row">
          <Slots total={total} busy={worker.active} over={countOver(worker.running, now)} />
          <span className="dim hide-s small">
            {worker.active}/{total}
          </span>
        </span>
      </td>
      <td>
        <span className="row">
          <Sparkline points={worker.cpu.points} max={100} className="mid-spark" />
          <span className="nowrap">
            {isFigure(worker.cpuPercent) ? (
              <>
                {Math.round(worker.cpuPercent)}
                <Unit>%</Unit>
              </>
            ) : (
              <Absent />
            )}
          </span>
        </span>
      </td>
      <td className="hide-s">
        <span className="row">
          <Sparkline
            points={worker.memory.points}
            max={Math.max(1, largest(worker.memory.points) * 1.6)}
            className="mid-spark"
          />
          <span className="nowrap">
            <Bytes bytes={worker.memoryBytes} />
          </span>
        </span>
      </td>
      <td className="num hide-s">
        <span className="two">
          <span>{worker.load ? worker.load.map((load) => load.toFixed(1)).join(' ') : <Absent />}</span>
          <small>{isFigure(worker.loopMs) ? `loop ${formatDuration(worker.loopMs / 1_000)}` : ' '}</small>
        </span>
      </td>
      <td className="num">
        <span className="two">
          <span>
            {formatRate(worker.rate)}
            <Unit>/s</Unit>
          </span>
          <small>{formatCount(worker.failed)} failed</small>
        </span>
      </td>
      <td className="hide-s mid cut" title={worker.queues.join(', ')}>
        {worker.queues.join(', ') || <Absent />}
      </td>
      <td className="num hide-s">
        <span className="two">
          <span>{worker.startedAt === null ? <Absent /> : formatDuration(now - worker.startedAt)}</span>
          <small>
            {worker.lastHeartbeat === null ? '' : `beat ${formatRough(now - worker.lastHeartbeat)}`}
          </small>
        </span>
      </td>
    </tr>
  );
}

function Totals({ workers }: { readonly workers: readonly WorkerRow[] }): ReactNode {
  const alive = workers.filter((worker) => worker.status !== 'offline');
  const sum = (pick: (worker: WorkerRow) => number | null): number =>
    alive.reduce((total, worker) => total + (pick(worker) ?? 0), 0);
  return (
    <tfoot>
      <tr>
        <td className="mid">
          {alive.length} online, {workers.length - alive.length} offline
        </td>
        <td className="mid">
          {formatCount(sum((worker) => worker.active))} of {formatCount(sum((worker) => worker.concurrency))}{' '}
          busy
        </td>
        <td />
        <td className="mid hide-s">
          <Bytes bytes={sum((worker) => worker.memoryBytes)} />
        </td>
        <td className="hide-s" />
        <td className="num mid">
          {formatRate(sum((worker) => worker.rate))}
          <Unit>/s</Unit>
        </td>
        <td className="hide-s" />
        <td className="hide-s" />
      </tr>
    </tfoot>
  );
}

/** Every worker with its capacity, its load and what it did. */
export function WorkersTable(props: {
  readonly workers: readonly WorkerRow[];
  readonly now: number;
}): ReactNode {
  return (
    <table className="wt">
      <colgroup>
        <col className="w-name" />
        <col className="w-slots" />
        <col className="w-cpu" />
        <col className="w-mem hide-s" />
        <col className="w-load hide-s" />
        <col className="w-done" />
        <col className="hide-s" />
        <col className="w-up hide-s" />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Worker</th>
          <th scope="col">Slots</th>
          <th scope="col">CPU</th>
          <th scope="col" className="hide-s">
            Memory
          </th>
          <th scope="col" className="num hide-s">
            Load 1 5 15
          </th>
          <th scope="col" className="num">
            Finished
          </th>
          <th scope="col" className="hide-s">
            Queues
          </th>
          <th scope="col" className="num hide-s">
            Up
          </th>
        </tr>
      </thead>
      <tbody>
        {props.workers.map((worker) => (
          <WorkerLine key={worker.name} worker={worker} now={props.now} />
        ))}
      </tbody>
      <Totals workers={props.workers} />
    </table>
  );
}
