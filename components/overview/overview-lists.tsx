'use client';

import Link from 'next/link';
import type { ReactNode } from 'react';
import type { Overview, QueueRow, TaskRow, WorkerRow } from '../../lib/contract/records.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { useNow } from '../live/use-now.ts';
import { Absent, Ago, Bytes, Unit } from '../ui/figures.tsx';
import { formatCount, formatDuration, formatRate, isFigure } from '../ui/format.ts';
import { Glyph } from '../ui/glyph.tsx';
import { taskHref, tasksHref, workerHref } from '../ui/links.ts';
import { countOver, Slots } from '../ui/slots.tsx';
import { StatusDot } from '../ui/status-dot.tsx';
import { exceptionName } from '../ui/task-text.ts';

const MAX_ROWS = 6;

function WorkerLine(props: { readonly worker: WorkerRow; readonly now: number }): ReactNode {
  const { worker, now } = props;
  const isGone = worker.status === 'offline';
  return (
    <tr className={isGone ? 'is-off' : ''}>
      <td>
        <span className="row tight">
          <StatusDot status={worker.status} />
          <Link className="strong cut" href={workerHref(worker.name)} prefetch={false} title={worker.name}>
            {worker.name}
          </Link>
        </span>
      </td>
      <td>
        <Slots
          total={worker.concurrency ?? worker.active}
          busy={worker.active}
          over={countOver(worker.running, now)}
          isGone={isGone}
        />
      </td>
      {isGone ? (
        <td colSpan={4} className="num">
          silent <span className="mid">{formatDuration(now - worker.since)}</span>
        </td>
      ) : (
        <>
          <td className="hide-s">
            <Sparkline points={worker.cpu.points} max={100} className="wide" />
          </td>
          <td className="num">
            {isFigure(worker.cpuPercent) ? (
              <>
                {Math.round(worker.cpuPercent)}
                <Unit>%</Unit>
              </>
            ) : (
              <Absent />
            )}
          </td>
          <td className="num hide-s">
            <Bytes bytes={worker.memoryBytes} />
          </td>
          <td className="num">
            {formatRate(worker.rate)}
            <Unit>/s</Unit>
          </td>
        </>
      )}
    </tr>
  );
}

function Workers(props: { readonly workers: readonly WorkerRow[]; readonly now: number }): ReactNode {
  const online = props.workers.filter((worker) => worker.status !== 'offline').length;
  const rest = props.workers.length - MAX_ROWS;
  return (
    <div className="cell">
      <div className="head">
        <h2>Workers</h2>
        <Link className="more" href="/workers" prefetch={false}>
          {online} of {props.workers.length} online{rest > 0 ? `, ${rest} more` : ''}
        </Link>
      </div>
      <table className="compact flush">
        <colgroup>
          <col />
          <col className="w-slots" />
          <col className="w-spark hide-s" />
          <col className="w-num" />
          <col className="w-num wide hide-s" />
          <col className="w-num" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Slots</th>
            <td className="th hide-s" />
            <th scope="col" className="num">
              CPU
            </th>
            <th scope="col" className="num hide-s">
              Mem
            </th>
            <th scope="col" className="num">
              Rate
            </th>
          </tr>
        </thead>
        <tbody>
          {props.workers.slice(0, MAX_ROWS).map((worker) => (
            <WorkerLine key={worker.name} worker={worker} now={props.now} />
          ))}
        </tbody>
      </table>
      {props.workers.length === 0 ? <p className="dim none">No worker has announced itself.</p> : null}
    </div>
  );
}

function QueueLine({ queue }: { readonly queue: QueueRow }): ReactNode {
  const isBad = queue.abandonedSince !== null;
  const bad = isBad ? 'broken' : '';
  return (
    <tr>
      <td>
        <Link className="strong" href={`/queues?queue=${encodeURIComponent(queue.name)}`} prefetch={false}>
          {queue.name}
        </Link>
      </td>
      <td className={isBad ? 's-retry' : ''}>
        <Sparkline points={queue.length.points.slice(-30)} className="wide" />
      </td>
      <td className={`num ${bad}`}>{formatCount(queue.messages)}</td>
      <td className="num mid">{formatRate(queue.inPerSecond)}</td>
      <td className={`num ${bad}`}>{queue.consumers.length + queue.unnamedConsumers || 'none'}</td>
    </tr>
  );
}

function Queues(props: { readonly queues: readonly QueueRow[]; readonly waiting: number }): ReactNode {
  return (
    <div className="cell">
      <div className="head">
        <h2>Queues</h2>
        <Link className="more" href="/queues" prefetch={false}>
          {formatCount(props.waiting)} waiting
        </Link>
      </div>
      <table className="compact flush">
        <colgroup>
          <col className="w-queue" />
          <col />
          <col className="w-num wide" />
          <col className="w-num" />
          <col className="w-num" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Queue</th>
            <th scope="col">Length</th>
            <th scope="col" className="num">
              Ready
            </th>
            <th scope="col" className="num" title="Messages arriving per second">
              In/s
            </th>
            <th scope="col" className="num" title="Consumers">
              Cons.
            </th>
          </tr>
        </thead>
        <tbody>
          {props.queues.slice(0, MAX_ROWS).map((queue) => (
            <QueueLine key={queue.name} queue={queue} />
          ))}
        </tbody>
      </table>
      {props.queues.length === 0 ? <p className="dim none">No queue is known yet.</p> : null}
    </div>
  );
}

function Failures(props: { readonly failures: readonly TaskRow[]; readonly now: number }): ReactNode {
  return (
    <div className="cell">
      <div className="head">
        <h2>Latest failures</h2>
        <Link className="more" href={tasksHref({ state: 'FAILURE' })} prefetch={false}>
          all failures
        </Link>
      </div>
      <ul className="flist">
        {props.failures.slice(0, MAX_ROWS).map((row) => (
          <li key={row.uuid}>
            <Link className="frow" href={taskHref(row.uuid)} prefetch={false}>
              <span className="s-failure mark-state">
                <Glyph look="failure" />
              </span>
              <span className="strong cut">{row.name ?? 'unknown task'}</span>
              <span className="cut ex" title={row.exception ?? ''}>
                {exceptionName(row.exception)}
              </span>
              <span className="dim nowrap num">
                <Ago at={row.finished ?? row.timestamp} now={props.now} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {props.failures.length === 0 ? <p className="dim none">Nothing failed.</p> : null}
    </div>
  );
}

/** Workers, queues and the latest failures, side by side. */
export function OverviewLists({ overview }: { readonly overview: Overview }): ReactNode {
  const now = useNow();
  return (
    <section className="cells ov-lists fill">
      <Workers workers={overview.workers} now={now} />
      <Queues queues={overview.queues} waiting={overview.waiting} />
      <Failures failures={overview.failures} now={now} />
    </section>
  );
}
